#include "eml_sink.hpp"

#include "fs/posix_fs.hpp"

#include <mailpipe/printable.hpp>
#include <mailpipe/testing/sink_contract.hpp>
#include <mailpipe/testing/sink_removal.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace mailpipe::test {
namespace {

std::unique_ptr<Sink> make_eml(Host& host, const fs::path& root, const std::string& sync) {
  nlohmann::json options{{"path", root.string()}, {"sync", sync}};
  return std::make_unique<eml::EmlSink>(Options(options.dump()), host);
}

SinkCase eml_case(const std::string& sync) {
  return {sync, [sync](Host& host, const fs::path& root) { return make_eml(host, root, sync); },
          ".mailpipe-stage", "old.eml"};
}

INSTANTIATE_TEST_SUITE_P(Eml, SinkContract,
                         testing::Values(eml_case("auto"), eml_case("syncfs"),
                                         eml_case("fdatasync")),
                         [](const auto& given) { return given.param.name; });

INSTANTIATE_TEST_SUITE_P(Eml, SinkRemoval, testing::Values(eml_case("auto")),
                         [](const auto& given) { return given.param.name; });

struct EmlSinkTest : testing::Test {
  EmlSinkTest() { sink->open(false); }

  std::string stored(const Message& one) {
    return sink->store(one.item, one.body()).placed.at(0).location;
  }

  void commit(const Message& one) {
    const Staged staged = sink->store(one.item, one.body());
    sink->sync(SyncPhase::Data);
    sink->publish(staged);
    sink->sync(SyncPhase::Names);
  }

  TempDir dir;
  PosixFs posix;
  UnsyncedFs files{posix};
  CountingFs counting{files};
  TestHost host{counting};
  std::unique_ptr<Sink> sink = make_eml(host, dir / "root", "auto");
};

TEST_F(EmlSinkTest, NamesFilesAsTheSeedScriptDid) {
  EXPECT_EQ(stored(message("Mf00ba_r-1", "Re: [list] What's new? (2/3)")),
            "20231114_221320_Mf00ba_r-1_Re list Whats new 23.eml");
}

TEST_F(EmlSinkTest, NumbersANameThatOtherContentHas) {
  Message one = message("M1", "x");
  commit(one);
  one.octets += "more";
  EXPECT_EQ(stored(one), "20231114_221320_M1_x (2).eml");
}

TEST_F(EmlSinkTest, TakesAFiltersNameThroughTheEncoder) {
  Message one = message("M1", "x");
  one.item.name = "../2024/a\nb";
  EXPECT_EQ(stored(one), "%2E.%2F2024%2Fa%0Ab.eml");
}

TEST_F(EmlSinkTest, TakesSyncfsFromSixtyFourFilesOn) {
  for (const int count : {63, 64}) {
    for (int i = 0; i < count; ++i) {
      stored(message(fmt::format("M{}-{}", count, i), "x"));
    }
    counting.reset();
    sink->sync(SyncPhase::Data);
    const auto whole = counting.count(FsCall::Syncfs);
    if (count == 64 && counting.count(FsCall::Fdatasync) > 0) {
      GTEST_SKIP() << "the folder for temporary files is on no local file system";
    }
    EXPECT_EQ(whole, count == 64 ? 1U : 0U);
    EXPECT_EQ(counting.count(FsCall::Fdatasync), count == 64 ? 0U : 63U);
  }
}

TEST_F(EmlSinkTest, TakesSyncfsForTheSmallBatchesOfALargeRun) {
  for (const int count : {100, 8, 7}) {
    for (int i = 0; i < count; ++i) {
      stored(message(fmt::format("M{}-{}", count, i), "x"));
    }
    counting.reset();
    sink->sync(SyncPhase::Data);
    if (count == 100 && counting.count(FsCall::Fdatasync) > 0) {
      GTEST_SKIP() << "the folder for temporary files is on no local file system";
    }
    EXPECT_EQ(counting.count(FsCall::Syncfs), count == 7 ? 0U : 1U);
    EXPECT_EQ(counting.count(FsCall::Fdatasync), count == 7 ? 7U : 0U);
  }
}

TEST_F(EmlSinkTest, TakesFewCallsAMessage) {
  counting.reset();
  for (int i = 0; i < 100; ++i) {
    const Message one = message(fmt::format("M{}", i), "x");
    sink->publish(sink->store(one.item, one.body()));
  }
  EXPECT_LE(counting.total(), 600U);  // stat, open, write, time, close, rename
}

TEST_F(EmlSinkTest, ScanReadsTimeAndPossibleIdsFromNames) {
  commit(message("M_1", "a_b"));  // the subject loses its underscore, as punctuation
  std::vector<Found> found;
  sink->scan([&](const Found& each) { found.push_back(each); });
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].received_at, std::chrono::sys_seconds(std::chrono::seconds(1'700'000'000)));
  EXPECT_EQ(found[0].server_ids, (std::vector<std::string>{"M_1_ab", "M_1", "M"}));
}

/// 200 subjects that want to leave the folder, hide, break a terminal or a decoder.
std::vector<std::string> hostile_subjects() {
  std::vector<std::string> out = {
      "",
      ".",
      "..",
      "../../etc/passwd",
      "/etc/passwd",
      "..\\..\\windows",
      "~root",
      "-rf",
      "CON",
      "a/b",
      "\x1b]52;c;aGVsbG8=\x07",
      "\x1b[31mred",
      "=?utf-8?B?Li4vLi4vZXRjL3Bhc3N3ZA==?=",
      "=?utf-8?Q?=00=0A=0D=2F=2E=2E?=",
      "=?utf-8?Q?=E2=80=AEgpj.exe?=",
      "=?utf-16?B?//4uAC4ALwA=?=",
      "=?x-unknown?Q?=FF=FE?=",
      "=?utf-8?B?!!!!?=",
      "=?utf-7?Q?+Ai8-?=",
      "\xff\xfe\xfd",
      "\xc0\xaf\xc0\xae",
      "\xed\xa0\x80",
      "\xe2\x80\xaetxt.exe",
      "\xef\xbb\xbf\xef\xbf\xbd",
      "a\tb\vc\fd",
      std::string("nul\0nul", 7),
      std::string(10'240, 'x'),
      std::string(10'240, '.'),
      std::string(10'240, '\xff'),
      std::string(10'240, '\x01'),
      "%2e%2e%2f",
      "%",
      "%%%41",
  };
  std::string wide;
  for (int i = 0; i < 3'000; ++i) {
    wide += "\xf0\x9f\x93\xa7";
  }
  out.push_back(wide);
  std::uint32_t state = 1;  // the same octets in every run
  while (out.size() < 200) {
    std::string noise;
    for (int i = 0; i < 120; ++i) {
      state = state * 1'664'525U + 1'013'904'223U;
      const char octet = static_cast<char>(state >> 24);
      noise += octet == '\n' || octet == '\r' ? '/' : octet;
    }
    out.push_back(noise);
  }
  return out;
}

TEST_F(EmlSinkTest, KeepsHostileSubjectsInsideTheRoot) {
  int number = 0;
  for (const std::string& subject : hostile_subjects()) {
    const std::string id = fmt::format("M{}", number++);
    const Message one = message(id, subject);
    const std::string name = stored(one);
    EXPECT_TRUE(name.starts_with("20231114_221320_" + id + "_")) << name;
    EXPECT_TRUE(name.ends_with(".eml")) << name;
    EXPECT_LE(name.size(), 255U);
    EXPECT_EQ(name.find_first_of(std::string("/\0", 2)), std::string::npos);
    EXPECT_EQ(printable(name), name) << "no control, no direction mark, valid UTF-8";
    commit(one);
    EXPECT_TRUE(fs::exists(dir / "root" / name));
  }
  EXPECT_EQ(std::distance(fs::directory_iterator(dir.path()), fs::directory_iterator()), 1);
}

TEST_F(EmlSinkTest, KeepsHostileIdsInsideTheRoot) {
  for (const std::string& id : hostile_subjects()) {
    Message one = message("M", "x");
    one.item.server_id = id;
    one.item.key = "jmap:a:" + id;
    const std::string name = stored(one);
    EXPECT_LE(name.size(), 255U);
    EXPECT_EQ(printable(name), name);
    EXPECT_EQ(name.find('/'), std::string::npos);
    EXPECT_TRUE(name.ends_with("_x.eml")) << name;
  }
}

}  // namespace
}  // namespace mailpipe::test
