// The whole source against Dovecot and Cyrus.
#include "imap_source_fixture.hpp"
#include "spool/sha256.hpp"
#include "support/cyrus_server.hpp"
#include "support/delay_proxy.hpp"
#include "support/dovecot_server.hpp"
#include "support/imap_account.hpp"
#include "support/sample_mail.hpp"

#include <algorithm>
#include <set>

namespace mailpipe::imap {
namespace {

using mailpipe::testing::CyrusTest;
using mailpipe::testing::DovecotOptions;
using mailpipe::testing::DovecotServer;
using mailpipe::testing::DovecotTest;
using mailpipe::testing::ImapAccount;
using mailpipe::testing::ImapMessage;
using mailpipe::testing::make_sample;

void fill(ImapAccount& account) {
  std::size_t index = 0;
  for (const char* name : {"Work", "Work/Größe & 📧", "a & c", "日本語/語"}) {
    account.create(name);
    account.append_all(name, {make_sample(1, index), make_sample(1, index + 1)});
    index += 2;
  }
  account.create("Empty");
  account.append_all("INBOX", {make_sample(1, 50), make_sample(1, 51), make_sample(1, 52)});
}

/// Everything that was told and fetched is what the server holds.
void expect_same(const Told& told, const test::FakeQueue& queue, ImapAccount& account) {
  std::size_t all = 0;
  for (std::size_t i = 0; i < told.names.size(); ++i) {
    for (const ImapMessage& message : account.messages(told.labels[i])) {
      ++all;
      const Item& item = told.item(told.names[i], std::to_string(message.uid));
      EXPECT_EQ(item.size, message.size);
      EXPECT_EQ(item.received_at->time_since_epoch().count(), message.received_at);
      std::vector<std::string> flags(message.flags.begin(), message.flags.end());
      EXPECT_EQ(item.keywords.size(), flags.size());
      ASSERT_EQ(queue.delivered.count(item.key), 1U) << item.key;
      EXPECT_EQ(spool::to_hex(spool::sha256(queue.delivered.at(item.key))), message.sha256)
          << told.labels[i];
    }
  }
  EXPECT_EQ(told.count(EventKind::Listed), all);
  EXPECT_EQ(queue.delivered.size(), all);
  const std::vector<std::string> names = account.list();
  const std::set<std::string> there(names.begin(), names.end());
  const std::set<std::string> seen(told.labels.begin(), told.labels.end());
  EXPECT_EQ(seen, there);
}

/// Verbs, "UID" with the next word, each as often as it was said; fails for one that may change something.
std::map<std::string, int> verbs_of(const Strings& commands) {
  static const std::set<std::string> kAllowed = {
      "CAPABILITY", "ID",      "ENABLE", "NAMESPACE", "LIST",       "LSUB",
      "STATUS",     "EXAMINE", "LOGOUT", "UID FETCH", "UID SEARCH", "NOOP"};
  std::map<std::string, int> verbs;
  for (const std::string& command : commands) {
    std::string verb = command.substr(0, command.find(' '));
    if (verb == "UID") {
      verb = command.substr(0, command.find(' ', 4));
    }
    EXPECT_TRUE(kAllowed.contains(verb)) << command;
    EXPECT_EQ(command.find("BODY["), std::string::npos) << command;
    ++verbs[verb];
  }
  return verbs;
}

/// One account through a first run and all that can change after it.
template <class Server>
class Scenario {
 public:
  explicit Scenario(Server& server)
      : server_(server),
        user_(server.fresh_user()),
        account_(server.imap_port(), user_),
        source_(server.imap_port(), {{"user", user_}}) {}

  void run(bool costs_nothing) {
    fill(account_);
    told_ = source_.list();
    test::FakeQueue queue;
    source_.fetch(told_, queue);
    expect_same(told_, queue, account_);
    auto before = verbs_of(server_.commands(user_));
    EXPECT_EQ(next(costs_nothing), Strings());
    auto after = verbs_of(server_.commands(user_));
    EXPECT_EQ(after["LIST"], before["LIST"] + 1);
    if (costs_nothing) {
      EXPECT_EQ(after["EXAMINE"], before["EXAMINE"]);
      EXPECT_EQ(after["STATUS"], before["STATUS"]);
    }
    changes(costs_nothing);
  }

  void changes(bool with_flags) {
    account_.append("Work", "Subject: new\r\n\r\nnew\r\n");
    EXPECT_EQ(next(with_flags), (Strings{"listed Work 3", "checkpoint Work"}));
    account_.add_flags("Work", "2", "\\Flagged $Forwarded");
    const Strings lines = next(true);
    EXPECT_EQ(std::count_if(lines.begin(), lines.end(),
                            [](const std::string& line) {
                              return line.starts_with("keywords Work 2 ") &&
                                     line.find("$flagged") != std::string::npos &&
                                     line.find("$forwarded") != std::string::npos;
                            }),
              1);
    account_.expunge("INBOX", "2");
    EXPECT_EQ(next(with_flags), (Strings{"removed INBOX 2", "checkpoint INBOX"}));
    account_.move("Work", "1", "INBOX");
    EXPECT_EQ(next(with_flags),
              (Strings{"removed Work 1", "listed INBOX 4", "checkpoint INBOX", "checkpoint Work"}));
    account_.remove("Empty");
    EXPECT_EQ(next(with_flags),
              (Strings{"mailbox-removed Empty", "begin Empty", "end Empty", "checkpoint Empty"}));
    EXPECT_EQ(next(with_flags), Strings());
    verbs_of(server_.commands(user_));
  }

  /// What the next run tells; where all flags are told each time, without them.
  Strings next(bool with_flags) {
    told_ = source_.list(told_);
    Strings lines = told_.lines();
    if (!with_flags) {
      lines.erase(
          std::remove_if(lines.begin(), lines.end(),
                         [](const std::string& line) { return line.starts_with("keywords"); }),
          lines.end());
    }
    return lines;
  }

  TestSource& source() { return source_; }

  const Told& told() { return told_; }

  ImapAccount& account() { return account_; }

 private:
  Server& server_;
  std::string user_;
  ImapAccount account_;
  TestSource source_;
  Told told_;
};

using DovecotSource = DovecotTest;
using CyrusSource = CyrusTest;

TEST_F(DovecotSource, IsMirroredByQresync) {
  Scenario scenario(server());
  scenario.run(true);
  EXPECT_NE(scenario.source().host.counted("ladder_qresync"), 0U);
  EXPECT_EQ(scenario.source().host.counted("ladder_plain"), 0U);
}

TEST_F(DovecotSource, IsMirroredByCondstore) {
  Scenario scenario(server(DovecotOptions::without_qresync()));
  scenario.run(true);
  EXPECT_NE(scenario.source().host.counted("ladder_condstore"), 0U);
  EXPECT_EQ(scenario.source().host.counted("ladder_qresync"), 0U);
}

TEST_F(DovecotSource, IsMirroredWithoutCondstore) {
  Scenario scenario(server(DovecotOptions::without_condstore()));
  scenario.run(false);
  EXPECT_NE(scenario.source().host.counted("ladder_plain"), 0U);
}

TEST_F(DovecotSource, IsMirroredWithoutListStatus) {
  Scenario(server(DovecotOptions::without_list_status())).run(false);
}

TEST_F(DovecotSource, IsMirroredWithoutAnyExtension) {
  Scenario(server(DovecotOptions::plain())).run(false);
}

TEST_F(DovecotSource, TellsItsGuidsSoThatAMoveCanBeKnown) {
  Scenario scenario(server());
  scenario.account().append("INBOX", "Subject: x\r\n\r\nx\r\n");
  scenario.account().create("Work");
  scenario.next(true);
  const std::string before = scenario.told().item("INBOX", "1").server_id;
  scenario.account().move("INBOX", "1", "Work");
  scenario.next(true);
  EXPECT_TRUE(before.starts_with("guid:")) << before;
  EXPECT_EQ(scenario.told().item("Work", "1").server_id, before);
}

TEST_F(CyrusSource, IsMirrored) {
  Scenario scenario(server());
  scenario.run(true);
  EXPECT_NE(scenario.source().host.counted("ladder_qresync"), 0U);
}

TEST_F(DovecotSource, CostsOneFlightForManyMailboxes) {
  DovecotServer& dovecot = server();
  const std::string user = dovecot.fresh_user();
  ImapAccount account(dovecot.imap_port(), user);
  for (int i = 0; i < 200; ++i) {
    const std::string name = "f" + std::to_string(i);
    account.create(name);
    account.append_all(name,
                       {make_sample(2, 5 * i), make_sample(2, 5 * i + 1), make_sample(2, 5 * i + 2),
                        make_sample(2, 5 * i + 3), make_sample(2, 5 * i + 4)});
  }
  mailpipe::testing::DelayProxy proxy(dovecot.imap_port(), std::chrono::milliseconds(25));
  TestSource source(proxy.port(), {{"user", user}});
  const auto start = std::chrono::steady_clock::now();
  const auto seconds = [&start] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  const Told told = source.list();
  const double listed = seconds();
  const auto after_list = proxy.traffic();
  test::FakeQueue queue;
  source.fetch(told, queue);
  const double fetched = seconds();
  const auto after_fetch = proxy.traffic();
  const Told again = source.list(told);
  const auto after_all = proxy.traffic();
  EXPECT_EQ(told.count(EventKind::Listed), 1000U);
  EXPECT_EQ(queue.delivered.size(), 1000U);
  for (const auto& [key, failure] : queue.failed) {
    ADD_FAILURE() << failure.what;
  }
  EXPECT_EQ(again.lines(), Strings());
  RecordProperty("listed_ms", static_cast<int>(1000 * listed));
  RecordProperty("fetched_ms", static_cast<int>(1000 * (fetched - listed)));
  RecordProperty("again_ms", static_cast<int>(1000 * (seconds() - fetched)));
  RecordProperty("list_turns", static_cast<int>(after_list.turns));
  RecordProperty("fetch_turns", static_cast<int>(after_fetch.turns - after_list.turns));
  RecordProperty("again_turns", static_cast<int>(after_all.turns - after_fetch.turns));
  RecordProperty("list_in", static_cast<int>(after_list.octets_in));
  RecordProperty("list_out", static_cast<int>(after_list.octets_out));
  RecordProperty("again_in", static_cast<int>(after_all.octets_in - after_fetch.octets_in));
  RecordProperty("again_out", static_cast<int>(after_all.octets_out - after_fetch.octets_out));
  EXPECT_LE(after_all.turns - after_fetch.turns, 4U);
}

}  // namespace
}  // namespace mailpipe::imap
