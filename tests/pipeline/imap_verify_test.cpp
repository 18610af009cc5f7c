// `mailpipe verify` on Maildirs of a real server.
#include "pipeline/imap_maildir_fixture.hpp"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace mailpipe::test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

class ImapVerify : public ImapMaildirRun {
 protected:
  void SetUp() override {
    use(Server::Dovecot);
    if (IsSkipped() || HasFatalFailure()) {
      return;
    }
    for (const char* subject : {"one", "two", "three", "four"}) {
      append({"INBOX"}, subject);
    }
    run_well();
  }

  fs::path file_of(const std::string& subject) const {
    for (const auto& entry : fs::recursive_directory_iterator(mail())) {
      const bool is_message =
          entry.is_regular_file() && (entry.path().parent_path().filename() == "cur" ||
                                      entry.path().parent_path().filename() == "new");
      if (is_message && contains(text_of(entry.path()), "Subject: " + subject + "\r\n")) {
        return entry.path();
      }
    }
    return {};
  }

  static std::string text_of(const fs::path& path) {
    std::ostringstream out;
    out << std::ifstream(path, std::ios::binary).rdbuf();
    return out.str();
  }

  Finished verify(std::vector<std::string> words = {}) {
    words.insert(words.begin(), "verify");
    words.push_back(file());
    return mailpipe(std::move(words),
                    {{"XDG_STATE_HOME", (dir_ / "state").string()}, {"MAIL_PASSWORD", "secret"}});
  }
};

TEST_F(ImapVerify, ReadersMayMoveAndFlagTheirMail) {
  const fs::path was = file_of("one");
  const std::string base = was.filename().string().substr(0, was.filename().string().find(":2,"));
  fs::rename(was, was.parent_path().parent_path() / "cur" / (base + ":2,FS"));
  const Finished result = verify();
  EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
  EXPECT_TRUE(contains(result.out, "4 copies")) << result.out;
}

TEST_F(ImapVerify, FindsEachKindAndRepairsIt) {
  const fs::path flipped = file_of("one");
  const std::string whole = text_of(flipped);
  std::string spoilt = whole;
  spoilt[10] = static_cast<char>(spoilt[10] ^ 4);
  fs::remove(flipped);
  std::ofstream(flipped, std::ios::binary) << spoilt;
  const std::string missing = text_of(file_of("two"));
  fs::remove(file_of("two"));
  const std::string cut = text_of(file_of("three"));
  fs::resize_file(file_of("three"), 50);
  const fs::path extra = flipped.parent_path().parent_path() / "cur" / "1.mine.host:2,S";
  std::ofstream(extra) << "Subject: mine\n\nhello\n";

  const Finished found = verify({"--format", "json"});
  EXPECT_EQ(found.exit_code, 1) << found.err;
  const json sink = json::parse(found.out).at("sinks").at(0);
  for (const char* kind : {"missing", "truncated", "damaged", "extra"}) {
    EXPECT_EQ(sink.at(kind), 1) << kind << found.out;
  }

  const Finished repaired = verify({"--repair"});
  EXPECT_EQ(repaired.exit_code, 3) << "the extra file stays: " << repaired.out << repaired.err;
  EXPECT_TRUE(contains(repaired.out, "3 repaired, 0 lost, 0 not repaired")) << repaired.out;
  EXPECT_EQ(text_of(file_of("one")), whole);
  EXPECT_EQ(text_of(file_of("two")), missing);
  EXPECT_EQ(text_of(file_of("three")), cut);
  fs::remove(extra);
  EXPECT_EQ(verify().exit_code, 0);
  expect_mirrored();
}

TEST_F(ImapVerify, AMissingPlaceIsFilledFromTheOtherCopyOrTheServer) {
  account_->create({"Work"});
  append({"Work"}, "five");
  run_well();
  fs::remove(file_of("five"));
  EXPECT_EQ(verify().exit_code, 1);
  EXPECT_EQ(verify({"--repair"}).exit_code, 0);
  EXPECT_EQ(verify({"--server"}).exit_code, 0);
  expect_mirrored();
}

// Its keys are not those that it would have if it were the first mailbox of the name.
TEST_F(ImapVerify, FindsTheMailOfAMailboxThatWasMadeAnewOnTheServer) {
  for (const char* subject : {"five", "six"}) {
    account_->create({"Work"});
    append({"Work"}, subject);
    run_well();
    account_->remove({"Work"});
    run_well();
  }
  account_->create({"Work"});
  append({"Work"}, "seven");
  run_well();
  const Finished result = verify({"--server"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_TRUE(contains(result.out, "server: 0 not stored yet, 0 stored and no longer there"))
      << result.out;
}

TEST_F(ImapVerify, AnotherSinkGivesWhatTheServerNoLongerHas) {
  std::ofstream(file(), std::ios::app)
      << "  - type: maildir\n    id: second\n    with: { path: ./second }\n";
  run_well();
  account_->expunge({"INBOX"}, "1:2");
  run_well();
  const fs::path flipped = file_of("one");
  const std::string whole = text_of(flipped);
  std::ofstream(flipped, std::ios::app) << "x";
  fs::remove(file_of("two"));
  const Finished result = verify({"--repair"});
  EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
  EXPECT_TRUE(contains(result.out, "2 repaired, 0 lost, 0 not repaired")) << result.out;
  EXPECT_EQ(text_of(file_of("one")), whole);
  EXPECT_FALSE(file_of("two").empty());
  EXPECT_EQ(verify({"--server"}).exit_code, 0);
}

TEST_F(ImapVerify, ARefusedLoginIsToldBeforeTheFilesAreRead) {
  const Finished result =
      mailpipe({"verify", "--server", file()},
               {{"XDG_STATE_HOME", (dir_ / "state").string()}, {"MAIL_PASSWORD", "wrong"}});
  EXPECT_EQ(result.exit_code, 4) << result.out << result.err;
  EXPECT_TRUE(contains(result.err, "login was refused")) << result.err;
  EXPECT_EQ(result.out, "");
}

TEST_F(ImapVerify, AnAdoptedFileIsComparedAsItWasFound) {
  fs::remove_all(dir_ / "state");
  expect_well(rebuild());
  EXPECT_EQ(verify().exit_code, 0);
  std::ofstream(file_of("one"), std::ios::app) << "x";
  EXPECT_TRUE(contains(verify().out, "damaged"));
}

}  // namespace
}  // namespace mailpipe::test
