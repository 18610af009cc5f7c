#include "imap_source_fixture.hpp"

#include <algorithm>

namespace mailpipe::imap {
namespace {

using test::FakeQueue;
using test::ModelHook;
using test::ModelImapServer;

constexpr const char* kBare = "LITERAL+";

/// An INBOX of five messages, listed; what is fetched of it then.
class Fetched {
 public:
  explicit Fetched(nlohmann::json more = nlohmann::json::object(), const char* capabilities = kBare)
      : server({.capabilities = capabilities}),
        source(server.port(), std::move(more)) {
    server.append("INBOX", 5);
  }

  void list() {
    told = source.list();
    server.forget_commands();
  }

  void run() {
    if (told.events.empty()) {
      list();
    }
    source.fetch(told, queue);
    EXPECT_EQ(queue.left_over(), 0U);
    EXPECT_EQ(queue.ended_twice, 0U);
    EXPECT_EQ(queue.open_bodies, 0U);
  }

  std::string key(std::uint32_t uid) const { return told.item("INBOX", std::to_string(uid)).key; }

  /// The class of the failure of that message.
  ErrorClass failure(std::uint32_t uid) const {
    const auto found = queue.failed.find(key(uid));
    EXPECT_NE(found, queue.failed.end()) << "no failure of " << uid;
    return found == queue.failed.end() ? ErrorClass::Internal : found->second.error_class;
  }

  bool delivered(std::uint32_t uid) const {
    const auto found = queue.delivered.find(key(uid));
    return found != queue.delivered.end() && found->second == server.body("INBOX", uid);
  }

  ModelImapServer server;
  TestSource source;
  Told told;
  FakeQueue queue;
};

TEST(ImapFetch, DeliversMessagesOctetForOctet) {
  Fetched account;
  account.server.append("INBOX", std::string("a\0b\r\n\r\n\xFF\n", 9));
  account.server.append("INBOX", "Subject: x\r\n\r\n" + std::string(300'000, 'x'));
  account.run();
  for (std::uint32_t uid = 1; uid <= 7; ++uid) {
    EXPECT_TRUE(account.delivered(uid)) << uid;
  }
  EXPECT_EQ(account.server.count("UID FETCH 1:7 (UID BODY.PEEK[])"), 1U);
  EXPECT_EQ(account.server.count("EXAMINE *"), 1U);
}

TEST(ImapFetch, SendsForManyMailboxesAtOnce) {
  ModelImapServer server({.capabilities = kBare});
  for (int i = 0; i < 100; ++i) {
    server.create("f" + std::to_string(i));
    server.append("f" + std::to_string(i), 3);
  }
  TestSource source(server.port());
  const Told told = source.list();
  server.forget_commands();
  FakeQueue queue;
  source.fetch(told, queue);
  EXPECT_EQ(queue.delivered.size(), 300U);
  EXPECT_EQ(server.count("EXAMINE *"), 100U);
  EXPECT_LE(server.count("UID FETCH *"), 104U);  // a mailbox may be cut where one take() ends
}

TEST(ImapFetch, MakesNoConnectionWhenThereIsNothingToFetch) {
  Fetched account;
  account.source.source->fetch(account.queue);
  EXPECT_EQ(account.server.commands(), Strings());
}

TEST(ImapFetch, AsksForHeadersWhereNoMoreIsWanted) {
  Fetched account;
  account.list();
  Work work = TestSource::work_for(account.told.item("INBOX", "2"));
  work.want = Want::Headers;
  account.queue.put(work);
  account.source.source->fetch(account.queue);
  const std::string whole = account.server.body("INBOX", 2);
  EXPECT_EQ(account.queue.delivered.at(account.key(2)),
            whole.substr(0, whole.find("\r\n\r\n") + 4));
  EXPECT_EQ(account.server.count("UID FETCH 2 (UID BODY.PEEK[HEADER])"), 1U);
}

TEST(ImapFetch, TakesAMessageThatWasRemovedForGone) {
  Fetched account;
  account.list();
  account.server.expunge("INBOX", 3);
  account.run();
  EXPECT_EQ(account.queue.gone_ids, (std::set<std::string>{account.key(3)}));
  EXPECT_EQ(account.queue.delivered.size(), 4U);
}

TEST(ImapFetch, FailsAMessageThatIsThereButNeverComes) {
  Fetched account;
  account.server.on_message("INBOX", 3, "");
  account.run();
  EXPECT_EQ(account.failure(3), ErrorClass::Item);
  EXPECT_EQ(account.queue.delivered.size(), 4U);
  EXPECT_EQ(account.server.count("UID SEARCH UID 3"), 2U);
}

TEST(ImapFetch, FailsAMessageWithoutItsText) {
  Fetched account;
  account.server.on_message("INBOX", 2, "* $seq FETCH (UID 2 BODY[] NIL)\r\n");
  account.server.on_message("INBOX", 4, "* $seq FETCH (UID 4 BODY[] {0}\r\n)\r\n");
  account.server.on_message("INBOX", 5, "* $seq FETCH (UID 5)\r\n");
  account.run();
  EXPECT_EQ(account.failure(2), ErrorClass::Item);
  EXPECT_EQ(account.failure(4), ErrorClass::Item);
  EXPECT_EQ(account.failure(5), ErrorClass::Item);
  EXPECT_TRUE(account.delivered(1));
}

std::string row_with(std::uint32_t uid, const std::string& body) {
  return "* $seq FETCH (UID " + std::to_string(uid) + " BODY[] {" + std::to_string(body.size()) +
         "}\r\n" + body + ")\r\n";
}

TEST(ImapFetch, FailsWhatExchangeSendsInPlaceOfAMessage) {
  const std::string stub = "Retrieval using the IMAP4 protocol failed for the following message: 7";
  Fetched account;
  account.server.on_message("INBOX", 2, row_with(2, "Subject: x\r\n\r\n" + stub + "\r\n"));
  account.server.on_message("INBOX", 3, row_with(3, "Subject: x\r\n\r\n> " + stub + "\r\n"));
  account.run();
  EXPECT_EQ(account.failure(2), ErrorClass::Item);
  EXPECT_EQ(account.queue.delivered.count(account.key(3)), 1U);
}

TEST(ImapFetch, TakesABodyOfAnotherLengthThanAnnounced) {
  Fetched account;
  account.server.on_message("INBOX", 2, row_with(2, "Subject: longer or shorter\r\n\r\n"));
  account.run();
  EXPECT_EQ(account.queue.delivered.at(account.key(2)), "Subject: longer or shorter\r\n\r\n");
  EXPECT_EQ(account.source.host.counted("other_sizes"), 1U);
}

TEST(ImapFetch, AsksAgainForOneBodyOfAnotherLengthAndThenBelievesAll) {
  Fetched account;
  account.server.on_message("INBOX", 2, row_with(2, "Subject: longer or shorter\r\n\r\n"));
  account.server.on_message("INBOX", 4, row_with(4, "Subject: shorter or longer\r\n\r\n"));
  account.run();
  EXPECT_EQ(account.queue.delivered.size(), 5U);
  EXPECT_EQ(account.source.host.counted("fetches"), 3U) << "each once more until one is believed";
}

TEST(ImapFetch, StoresNoBodyWhoseResponseEndsBadly) {
  Fetched account;
  account.server.on_message("INBOX", 2, "* $seq FETCH (UID 2 BODY[] {6}\r\nhello)\r\n");
  account.server.on_message("INBOX", 4, "* $seq FETCH (UID 4 BODY[] {4}\r\nhello)\r\n");
  account.run();
  EXPECT_EQ(account.failure(2), ErrorClass::Item);
  EXPECT_EQ(account.failure(4), ErrorClass::Item);
  EXPECT_EQ(account.queue.delivered.size(), 3U);
}

TEST(ImapFetch, FindsTheOneMessageThatARangeFailsFor) {
  Fetched account;
  for (const char* sets : {"UID FETCH 1:5 *", "UID FETCH 1:3 *", "UID FETCH 3 *"}) {
    account.server.on(
        {.command = sets, .instead = "$tag NO [UNAVAILABLE] UID FETCH Server error\r\n"});
  }
  account.run();
  EXPECT_EQ(account.failure(3), ErrorClass::Item);
  EXPECT_EQ(account.queue.delivered.size(), 4U);
}

// RFC 3501 section 5.5 lets a server answer what it was asked later first.
TEST(ImapFetch, ForgetsNoMessageWhenALaterCommandIsAnsweredAndThenTheConnectionEnds) {
  Fetched account;
  account.server.on({.command = "UID FETCH 1:5 *", .times = 1, .instead = "$tag NO try fewer\r\n"});
  account.server.on({.command = "UID FETCH 1:3 *", .times = 1, .instead = "* OK wait\r\n"});
  account.server.on({.command = "UID FETCH 4:5 *",
                     .times = 1,
                     .tail = "* BYE later\r\n",
                     .ending = ModelHook::Ending::Close});
  account.run();
  EXPECT_EQ(account.queue.delivered.size(), 5U);
  EXPECT_EQ(account.source.host.counted("reconnects"), 1U);
}

TEST(ImapFetch, AsksOneByOneWhereBodiesComeBeforeTheirUids) {
  Fetched account;
  for (std::uint32_t uid = 1; uid <= 5; ++uid) {
    const std::string body = account.server.body("INBOX", uid);
    account.server.on_message("INBOX", uid,
                              "* $seq FETCH (BODY[] {" + std::to_string(body.size()) + "}\r\n" +
                                  body + " UID " + std::to_string(uid) + ")\r\n");
  }
  account.run();
  for (std::uint32_t uid = 1; uid <= 5; ++uid) {
    EXPECT_TRUE(account.delivered(uid)) << uid;
  }
}

TEST(ImapFetch, BelievesNoBodyBeforeTheUidBehindIt) {
  for (const char* row :
       {"* $seq FETCH (BODY[] {5}\r\nother UID 4)\r\n", "* $seq FETCH (BODY[] {5}\r\nother)\r\n"}) {
    Fetched account;
    account.list();
    account.server.on_message("INBOX", 3, row);
    account.queue.put(TestSource::work_for(account.told.item("INBOX", "3")));
    account.source.source->fetch(account.queue);
    EXPECT_EQ(account.failure(3), ErrorClass::Transient) << row;
    EXPECT_TRUE(account.queue.delivered.empty()) << row;
    EXPECT_EQ(account.queue.open_bodies, 0U) << row;
  }
}

TEST(ImapFetch, TakesTheRightBodyAfterOneOfAnotherUid) {
  Fetched account;
  account.list();
  const std::string right = account.server.body("INBOX", 3);
  account.server.on_message("INBOX", 3,
                            "* 4 FETCH (BODY[] {5}\r\nother UID 4)\r\n* $seq FETCH (BODY[] {" +
                                std::to_string(right.size()) + "}\r\n" + right + " UID 3)\r\n");
  account.queue.put(TestSource::work_for(account.told.item("INBOX", "3")));
  account.source.source->fetch(account.queue);
  EXPECT_TRUE(account.delivered(3));
}

TEST(ImapFetch, HeedsNoFlagsThatComeUnasked) {
  Fetched account;
  account.server.on({.command = "UID FETCH *",
                     .before = "* 2 FETCH (UID 2 FLAGS (\\Seen))\r\n* 9 EXISTS\r\n* 1 EXPUNGE\r\n"
                               "* 3 FETCH (FLAGS ())\r\n"});
  account.run();
  EXPECT_EQ(account.queue.delivered.size(), 5U);
}

TEST(ImapFetch, GoesOnAfterTheConnectionEndedWithinAMessage) {
  Fetched account;
  account.list();
  const std::size_t first = account.server.body("INBOX", 1).size();
  account.server.on({.command = "UID FETCH *",
                     .times = 1,
                     .cut = first + 60,
                     .ending = ModelHook::Ending::Close});
  account.run();
  EXPECT_EQ(account.queue.delivered.size(), 5U);
  EXPECT_EQ(account.source.host.counted("reconnects"), 1U);
  EXPECT_EQ(account.server.count("UID FETCH 1:5 *"), 1U);
}

TEST(ImapFetch, GivesUpAMessageThatAlwaysEndsTheConnection) {
  Fetched account;
  for (const char* sets : {"UID FETCH 1:5 *", "UID FETCH 1 *"}) {
    account.server.on({.command = sets, .cut = 0, .ending = ModelHook::Ending::Close});
  }
  account.run();
  EXPECT_EQ(account.failure(1), ErrorClass::Item);
  EXPECT_EQ(account.queue.delivered.size(), 4U);
}

TEST(ImapFetch, EndsWhenEveryConnectionEnds) {
  Fetched account;
  account.list();
  account.server.append("INBOX", 30);
  account.told = account.source.list();
  account.server.on({.command = "EXAMINE *", .cut = 0, .ending = ModelHook::Ending::Close});
  try {
    account.source.fetch(account.told, account.queue);
  } catch (const Error& error) {
    EXPECT_EQ(error.error_class(), ErrorClass::Transient);
  }
  EXPECT_EQ(account.queue.delivered.size(), 0U);
}

TEST(ImapFetch, LeavesMessagesOfAnotherUidValidityToTheNextListing) {
  Fetched account;
  account.list();
  account.server.set_uidvalidity("INBOX", 77);
  account.run();
  EXPECT_EQ(account.failure(1), ErrorClass::Item) << "to wait for it would hold up the whole run";
  EXPECT_EQ(account.queue.delivered.size(), 0U);
  EXPECT_EQ(account.queue.gone_ids.size(), 0U);
}

/// A mailbox of two messages in the place of the one called Work, and with its UIDVALIDITY.
void put_another_in_its_place(ModelImapServer& server) {
  std::uint32_t uidvalidity = 0;
  server.change("Work", [&](test::ModelMailbox& work) { uidvalidity = work.uidvalidity; });
  server.remove("Work");
  server.create("Work");
  server.append("Work", 2);
  server.set_uidvalidity("Work", uidvalidity);
}

TEST(ImapFetch, LeavesMessagesToTheNextListingWhereAnotherMailboxHasTheSameUidValidity) {
  Fetched account(nlohmann::json::object(), "LITERAL+ OBJECTID");
  account.server.create("Work");
  account.server.append("Work", 2);
  account.list();
  put_another_in_its_place(account.server);
  account.run();
  EXPECT_EQ(account.queue.delivered.size(), 5U) << "those of INBOX";
  EXPECT_EQ(account.queue.gone_ids.size(), 0U);
  EXPECT_EQ(account.queue.failed.size(), 2U);
  for (const auto& [key, failure] : account.queue.failed) {
    EXPECT_EQ(failure.error_class, ErrorClass::Item) << key;
  }
}

TEST(ImapFetch, TakesNoMessageOfAMailboxForOneOfTheMailboxBeforeIt) {
  ModelImapServer server({.capabilities = "LITERAL+ OBJECTID"});
  server.create("Work");
  server.append("Work", 2);
  TestSource source(server.port());
  const Told before = source.list();
  put_another_in_its_place(server);
  const Told now = source.list(before);  // of the same run
  FakeQueue queue;
  source.fetch(before, queue);
  EXPECT_EQ(queue.failed.size(), 2U);
  EXPECT_EQ(queue.delivered.size(), 0U);
  source.fetch(now, queue);
  EXPECT_EQ(queue.delivered.size(), 2U);
}

TEST(ImapFetch, LeavesMessagesOfADeletedMailboxToTheNextListing) {
  Fetched account;
  account.server.create("Work");
  account.server.append("Work", 2);
  account.list();
  account.server.remove("Work");
  account.run();
  EXPECT_EQ(account.queue.delivered.size(), 5U);
  EXPECT_EQ(account.queue.failed.size(), 2U);
  for (const auto& [key, failure] : account.queue.failed) {
    EXPECT_EQ(failure.error_class, ErrorClass::Item) << key;
  }
}

TEST(ImapFetch, FailsMessagesOfAMailboxThatCannotBeOpenedAndNoOthers) {
  Fetched account;
  account.server.create("Work");
  account.server.append("Work", 2);
  account.list();
  account.server.on({.command = "EXAMINE \"INBOX\"*", .instead = "$tag NO [NOPERM] no\r\n"});
  account.run();
  EXPECT_EQ(account.failure(1), ErrorClass::Item);
  EXPECT_EQ(account.queue.delivered.size(), 2U);
}

TEST(ImapFetch, FailsMessagesThatAreTooLarge) {
  Fetched account(nlohmann::json{{"max_message_size", 1000}});
  account.server.append("INBOX", std::string(2000, 'x'));
  account.server.on_message("INBOX", 2, row_with(2, std::string(3000, 'y')));
  account.run();
  EXPECT_EQ(account.failure(6), ErrorClass::Item);
  EXPECT_EQ(account.failure(2), ErrorClass::Item);
  EXPECT_EQ(account.server.count("UID FETCH 1:5 *"), 1U);
}

TEST(ImapFetch, EndsWhereTheDaysOctetsAreUsedUp) {
  Fetched account(nlohmann::json{{"rate", {{"bytes_per_day", 100}}}});
  account.list();
  for (const char* uid : {"1", "2"}) {
    Work work = TestSource::work_for(account.told.item("INBOX", uid));
    work.want = uid[0] == '1' ? Want::Body : Want::Headers;  // two commands
    account.queue.put(work);
  }
  try {
    account.source.source->fetch(account.queue);
    ADD_FAILURE() << "fetched all";
  } catch (const Error& error) {
    EXPECT_EQ(error.error_class(), ErrorClass::RateLimit);
    EXPECT_GT(error.retry_after(), std::chrono::hours(23));
  }
}

TEST(ImapFetch, StopsWhenTheRunIsAborted) {
  Fetched account;
  account.list();
  account.source.host.abort();
  EXPECT_THROW(account.source.fetch(account.told, account.queue), Error);
}

}  // namespace
}  // namespace mailpipe::imap
