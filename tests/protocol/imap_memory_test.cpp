#include "imap_session_fixture.hpp"
#include "support/resident_memory.hpp"
#include "support/sanitized.hpp"
#include "support/scripted_imap_server.hpp"

#include <gtest/gtest.h>

#include <iostream>
#include <string>

namespace {

using namespace mailpipe;
using namespace mailpipe::imap;
using mailpipe::test::ScriptedImapServer;

const std::string kLogin =
    "S: * OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR] ready\nC: AUTHENTICATE PLAIN *\nS: $tag OK "
    "[CAPABILITY IMAP4rev1] in\n";

/// The peak of resident memory from here on; server and client are one process, and the server keeps 64 KiB.
class Growth {
 public:
  Growth() {
    mailpipe::test::forget_peak_of_memory();
    before_ = mailpipe::test::resident_kib("VmRSS");
  }

  std::size_t kib(const char* what) const {
    const std::size_t peak = mailpipe::test::resident_kib("VmHWM");
    const std::size_t grown = peak > before_ ? peak - before_ : 0;
    std::cout << what << ": peak " << peak << " KiB, grown by " << grown << " KiB\n";
    return grown;
  }

 private:
  std::size_t before_;
};

struct Counter : Answer {
  struct Target : BodyTarget {
    explicit Target(std::uint64_t& octets) : count(octets) {}

    void write(std::string_view octets) override { count += octets.size(); }

    void done() override {}

    std::uint64_t& count;
  };

  void untagged(const Untagged& response) override {
    rows += std::holds_alternative<FetchData>(response) ? 1 : 0;
    if (const auto* found = std::get_if<SearchData>(&response)) {
      uids += found->uids.count();
    }
  }

  std::unique_ptr<BodyTarget> body(std::uint32_t, std::uint64_t) override {
    return std::make_unique<Target>(octets);
  }

  void unreadable(const Error& why) override { problem = why.what(); }

  void completed(const Completion&) override {}

  std::uint64_t octets = 0, rows = 0, uids = 0;
  std::string problem;
};

std::shared_ptr<Counter> ask(const std::string& script, const char* what, std::size_t most_kib) {
  ScriptedImapServer server({kLogin + "C: UID *\n" + script + "S: $tag OK\n"});
  Client client(server.port());
  client.open();
  auto answer = std::make_shared<Counter>();
  const Growth growth;
  client.session->send(Command("UID FETCH 1:*"), answer);
  client.session->finish();
  EXPECT_TRUE(mailpipe::test::kSanitized || growth.kib(what) < most_kib);
  EXPECT_EQ(answer->problem, "");
  return answer;
}

TEST(ImapMemory, IsFlatForABodyOf200Megabytes) {
  const std::string kilobyte(1000, 'x');
  const auto answer =
      ask("S: * 1 FETCH (UID 1 BODY[] {200000000}\n! repeat 200000 " + kilobyte + "\nS: )\n",
          "a body of 200 MB", 4096);
  EXPECT_EQ(answer->octets, 200'000'000U);
  EXPECT_EQ(answer->rows, 1U);
}

TEST(ImapMemory, IsFlatForAMillionRows) {
  // A sanitizer measures no memory, and takes minutes for a million.
  const std::uint64_t rows = mailpipe::test::kSanitized ? 20'000 : 1'000'000;
  const auto answer = ask("! repeat " + std::to_string(rows) +
                              " * 7 FETCH (UID 7 FLAGS (\\\\Seen $Forwarded) MODSEQ (5))\\r\\n\n",
                          "a million rows", 4096);
  EXPECT_EQ(answer->rows, rows);
}

TEST(ImapMemory, IsFlatForASearchThatFindsOneRunOverAndOver) {
  const auto answer =
      ask("S- * SEARCH\n! repeat 1000000  4000000000\nS: \n", "a search of 11 MB", 4096);
  EXPECT_EQ(answer->uids, 1U);
}

TEST(ImapMemory, IsFlatForALineWithoutEnd) {
  ScriptedImapServer server({kLogin + "C: NOOP\n! repeat 400000 " + std::string(1000, 'x') + "\n"});
  Client client(server.port());
  client.open();
  const Growth growth;
  client.send(Command("NOOP"));
  EXPECT_EQ(error_of([&] { client.session->finish(); }).error_class(), ErrorClass::Transient);
  EXPECT_TRUE(mailpipe::test::kSanitized || growth.kib("a line of 400 MB") < 4096U);
}

}  // namespace
