// Whole pipelines under memcheck: no errors, and nothing of ours lost.
#include "pipeline/cli.hpp"
#include "support/fake_jmap.hpp"
#include "support/model_imap_server.hpp"

#include <mailpipe/testing/temp_dir.hpp>

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace mailpipe::test {
namespace {

class Valgrind : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::access(kValgrind, X_OK) != 0) {
      GTEST_SKIP() << "no valgrind here";
    }
  }

  static std::string body(int number) {
    return "From: Ann <ann@example.org>\r\nSubject: =?utf-8?q?m=C3=A4il?= " +
           std::to_string(number) + "\r\nMessage-ID: <" + std::to_string(number) +
           "@example.org>\r\n\r\nFrom here\r\n";
  }

  /// From `source` (YAML) to three sinks, some of it twice, under names of a filter.
  void expect_clean(const std::string& source) {
    std::ofstream(dir_ / "demo.yaml")
        << "version: 1\nname: demo\nsource:\n" + source +
               "filters:\n  - type: window\n    with: { since: 2000-01-01 }\n  - type: dedup\n"
               "  - type: rename\n    with: { name: "
               "'{received_at:%Y-%m-%d}_{subject:slug,60}_{key:8}' }\n"
               "sinks:\n  - type: eml\n    with: { path: ./eml, sidecar: json }\n"
               "  - type: maildir\n    on_remove: trash\n    with: { path: ./maildir }\n"
               "  - type: mbox\n    with: { path: ./mail.mbox }\n";
    const Finished result =
        run_process({kValgrind, "--quiet", "--leak-check=full", "--show-leak-kinds=definite",
                     "--errors-for-leak-kinds=definite", "--error-exitcode=99", "--num-callers=30",
                     MAILPIPE_PROGRAM, "run", (dir_ / "demo.yaml").string()},
                    {{"XDG_STATE_HOME", (dir_ / "state").string()}, {"PASSWORD", "secret"}});
    EXPECT_EQ(result.exit_code, 0) << result.err << result.out;
    EXPECT_FALSE(contains(result.err, "==")) << result.err;
  }

  std::size_t files_of(const std::string& sink) const {
    const auto all = std::filesystem::recursive_directory_iterator(dir_ / sink);
    return static_cast<std::size_t>(std::count_if(begin(all), end(all), [](const auto& entry) {
      return entry.path().extension() == ".eml";
    }));
  }

  static constexpr const char* kValgrind = "/usr/bin/valgrind";
  TempDir dir_{TempDir::fast_parent()};
};

TEST_F(Valgrind, FindsNothingFromJmapToThreeSinks) {
  FakeJmap jmap;
  for (int i = 0; i < 12; ++i) {
    jmap.add({.id = "m" + std::to_string(i), .bytes = body(i % 9)});
  }
  const std::string source = "  type: jmap\n  with:\n    session_url: " + jmap.session_url() +
                             "\n    token: { $env: PASSWORD }\n";
  expect_clean(source);
  EXPECT_EQ(files_of("eml"), 9U);
  jmap.destroy("m1");
  jmap.touch("m2", {"$seen"});
  jmap.add({.id = "new", .bytes = body(20)});
  expect_clean(source);
  EXPECT_EQ(files_of("eml"), 11U) << "the new one, and the duplicate of the one that was removed";
}

TEST_F(Valgrind, FindsNothingFromImapToThreeSinks) {
  ModelImapServer imap;
  imap.create("Archive");
  const auto append = [&](int from, int to) {
    for (int i = from; i < to; ++i) {
      imap.append(i % 2 == 0 ? "INBOX" : "Archive", body(i % 9));
    }
  };
  append(0, 9);
  const std::string source =
      "  type: imap\n  with:\n    host: 127.0.0.1\n    tls: none\n    port: " +
      std::to_string(imap.port()) + "\n    user: ann\n    password: { $env: PASSWORD }\n";
  expect_clean(source);
  append(9, 12);  // alone: of two that come in one run either may be the duplicate
  expect_clean(source);
  EXPECT_EQ(files_of("eml"), 9U);
  imap.expunge("INBOX", 1);
  imap.set_flags("Archive", 1, "\\Seen");
  imap.append("INBOX", body(20));
  expect_clean(source);
  EXPECT_EQ(files_of("eml"), 11U) << "the new one, and the duplicate of the one that was removed";
}

}  // namespace
}  // namespace mailpipe::test
