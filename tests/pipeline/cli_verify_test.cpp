#include "pipeline/inquiry_fixture.hpp"

namespace mailpipe::test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

void flip_a_bit(const fs::path& path) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  char octet = 0;
  file.seekg(20).get(octet);
  file.seekp(20).put(static_cast<char>(octet ^ 1));
}

/// Copies in .eml files of which some were spoilt by hand.
class CliVerify : public InquiryRun {
 protected:
  void SetUp() override {
    InquiryRun::SetUp();
    jmap_->on_request({});  // what was quarantined can be had now
    EXPECT_EQ(ask({"run", file()}).exit_code, 0);
  }

  /// How often a line begins with that kind.
  static std::size_t lines(const Finished& result, const std::string& kind) {
    std::istringstream in(result.out);
    std::size_t count = 0;
    for (std::string line; std::getline(in, line);) {
      count += line.rfind(kind + " ", 0) == 0 ? 1 : 0;
    }
    return count;
  }

  void expect_clean() {
    const Finished result = ask({"verify", file()});
    EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
    EXPECT_TRUE(contains(result.out, "all well")) << result.out;
  }

  std::multiset<std::string> trash() const {
    std::multiset<std::string> out;
    for (const auto& entry : fs::recursive_directory_iterator(mail_.string() + ".mailpipe-trash")) {
      if (entry.is_regular_file()) {
        out.insert(text_of(entry.path()));
      }
    }
    return out;
  }
};

TEST_F(CliVerify, FindsNothingWhereAllIsWell) {
  expect_clean();
  const json report = ask_json({"verify", file()});
  EXPECT_EQ(report.at("sinks").at(0).at("copies"), 5);
  EXPECT_TRUE(report.at("findings").empty());
}

TEST_F(CliVerify, FindsAFlippedBitAMissingATruncatedAndAnExtraFileAndChangesNothing) {
  flip_a_bit(file_of("m0"));
  fs::remove(file_of("m1"));
  fs::resize_file(file_of("m2"), 30);
  std::ofstream(mail_ / "mine.eml") << "From: me\n\nhello\n";
  const auto before = stored();
  const Finished result = ask({"verify", "--report", (dir_ / "verify.json").string(), file()});
  EXPECT_EQ(result.exit_code, 1) << result.err;
  for (const char* kind : {"damaged", "missing", "truncated", "extra"}) {
    EXPECT_EQ(lines(result, kind), 1U) << kind << " in:\n" << result.out;
  }
  EXPECT_TRUE(contains(result.out, "30 of ")) << result.out;
  EXPECT_TRUE(contains(result.out, (mail_ / "mine.eml").string())) << result.out;
  EXPECT_EQ(stored(), before);
  const json report = json::parse(text_of(dir_ / "verify.json"));
  EXPECT_EQ(report.at("exit_code"), 1);
  ASSERT_EQ(report.at("findings").size(), 4U);
  std::set<std::string> found;
  for (const json& one : report.at("findings")) {
    found.insert(one.at("kind").get<std::string>() + " " + one.value("key", ""));
  }
  EXPECT_EQ(found, (std::set<std::string>{"damaged jmap:a1:m0", "missing jmap:a1:m1",
                                          "truncated jmap:a1:m2", "extra "}));
}

TEST_F(CliVerify, AnExtraFileAloneIsExit3AndStaysWhereItIs) {
  std::ofstream(mail_ / "mine.eml") << "From: me\n\nhello\n";
  EXPECT_EQ(ask({"verify", file()}).exit_code, 3);
  EXPECT_EQ(ask({"verify", "--repair", file()}).exit_code, 3);
  EXPECT_EQ(text_of(mail_ / "mine.eml"), "From: me\n\nhello\n");
}

TEST_F(CliVerify, RepairMovesWhatIsDamagedAsideAndFetchesAllOfIt) {
  flip_a_bit(file_of("m0"));
  const std::string damaged = text_of(file_of("m0"));
  const fs::path name = file_of("m1");
  fs::remove(name);
  fs::resize_file(file_of("m2"), 30);
  const Finished result = ask({"verify", "--repair", file()});
  EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
  EXPECT_TRUE(contains(result.out, "3 repaired, 0 lost, 0 not repaired")) << result.out;
  for (const char* id : {"m0", "m1", "m2"}) {
    EXPECT_EQ(text_of(file_of(id)), bytes_of(id));
  }
  EXPECT_TRUE(fs::exists(name));
  EXPECT_EQ(trash(), (std::multiset<std::string>{damaged, bytes_of("m2").substr(0, 30)}));
  expect_clean();
}

TEST_F(CliVerify, NamesWhatNobodyHasAnyMoreAsLost) {
  flip_a_bit(file_of("late"));
  const Finished result = ask({"verify", "--repair", file()});
  EXPECT_EQ(result.exit_code, 1) << result.out;
  EXPECT_TRUE(contains(result.out, "jmap:a1:late  (lost: the server has it no longer"))
      << result.out;
  EXPECT_EQ(trash().size(), 1U) << "what is left of it is kept";
  EXPECT_TRUE(contains(ask({"why", file(), "late"}).out, "no copy is kept"));
  expect_clean();
}

TEST_F(CliVerify, ADuplicateTakesThePlaceOfItsLostOwner) {
  fs::remove(file_of("bad"));
  {
    state::Ledger planted = ledger();
    state::Row row = planted.find("jmap:a1:bad");
    for (const auto& receipt : planted.receipts(row.id)) {
      planted.remove_receipt(receipt);
    }
    row.state = state::RowState::Deduplicated;
    row.owner = "jmap:a1:late";
    planted.update(row);
    planted.commit();
  }
  fs::remove(file_of("late"));
  EXPECT_EQ(ask({"verify", "--repair", file()}).exit_code, 1);
  EXPECT_EQ(text_of(file_of("bad")), bytes_of("bad"));
  expect_clean();
}

TEST_F(CliVerify, TakesFromAnotherSinkWhatTheServerNoLongerHas) {
  std::string text = text_of(file());
  const std::string one = "  - type: eml\n    with: { path: ./mail }\n";
  text.insert(text.find(one) + one.size(),
              "  - type: eml\n    id: second\n    with: { path: ./second }\n");
  std::ofstream(file()) << text;
  EXPECT_EQ(ask({"run", file()}).exit_code, 0);
  for (const char* id : {"m0", "m1"}) {
    jmap_->destroy(id);
  }
  const fs::path name = file_of("m1");
  fs::remove(name);  // the next run hears that the server removed it
  EXPECT_EQ(ask({"verify", "--repair", file()}).exit_code, 0);
  EXPECT_EQ(text_of(name), bytes_of("m1"));
  flip_a_bit(file_of("m0"));  // known as gone already
  const Finished result = ask({"verify", "--repair", file()});
  EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
  EXPECT_EQ(text_of(file_of("m0")), bytes_of("m0"));
  EXPECT_EQ(ask_json({"why", file(), "m0"}).at("answers")[0].at("messages")[0].at("state"), "gone");
  expect_clean();
}

TEST_F(CliVerify, LooksOnlyAtTheSinkThatIsNamed) {
  EXPECT_EQ(ask({"verify", "--sink", "eml", file()}).exit_code, 0);
  EXPECT_EQ(ask({"verify", "--sink", "none", file()}).exit_code, 2);
}

TEST_F(CliVerify, ComparesWithTheServer) {
  add("newest", "2024-01-01T00:00:00Z");
  jmap_->destroy("m0");
  const Finished result = ask({"verify", "--server", file()});
  EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
  EXPECT_TRUE(contains(result.out, "server: 1 not stored yet, 1 stored and no longer there"))
      << result.out;
  EXPECT_EQ(lines(result, "not stored"), 1U);
  EXPECT_TRUE(contains(result.out, "jmap:a1:newest")) << result.out;
  EXPECT_TRUE(contains(result.out, "jmap:a1:m0")) << result.out;
  EXPECT_TRUE(file_of("newest").empty()) << "it only looks";
}

TEST_F(CliVerify, ADiskThatIsNotMountedIsNotAMillionMissingFiles) {
  fs::rename(mail_, dir_ / "elsewhere");
  const Finished result = ask({"verify", file()});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_TRUE(contains(result.err, "is not where the backup was")) << result.err;
  EXPECT_FALSE(contains(result.out, "missing")) << result.out;
  EXPECT_FALSE(fs::exists(mail_)) << "looking makes nothing";
}

TEST_F(CliVerify, LeavesARunThatGoesOnAlone) {
  Gate gate;
  jmap_->on_request([&](const HttpSeen& request) -> std::optional<Reply> {
    gate.pass(request.target);
    return std::nullopt;
  });
  Process run({MAILPIPE_PROGRAM, "run", file()}, environment());
  gate.wait_for(1);
  const Finished result = ask({"verify", file()});
  EXPECT_EQ(result.exit_code, 75);
  EXPECT_TRUE(contains(result.err, "another run of this pipeline is going on")) << result.err;
  gate.open();
  kept(run.wait());
}

}  // namespace
}  // namespace mailpipe::test
