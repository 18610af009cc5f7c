#include "jmap_source_fixture.hpp"

#include <set>

namespace mailpipe::jmap {
namespace {

using nlohmann::json;
using test::FakeJmap;

TEST(JmapList, TellsAnEmptyAccount) {
  FakeJmap server;
  TestSource source(server.session_url());
  const auto told = source.list();
  EXPECT_EQ(told.count(EventKind::Listed), 0U);
  EXPECT_EQ(told.count(EventKind::ListingBegin), 1U);
  EXPECT_EQ(told.count(EventKind::ListingEnd), 1U);
  EXPECT_EQ(told.count(EventKind::Checkpoint), 1U);
}

TEST(JmapList, TellsMailboxesThenMessagesThenTheCheckpoint) {
  FakeJmap server;
  fill(server, 1, 3);
  TestSource source(server.session_url());
  std::vector<EventKind> kinds;
  for (const Event& event : source.list().events) {
    kinds.push_back(event.kind);
  }
  using enum EventKind;
  EXPECT_EQ(kinds, (std::vector<EventKind>{ListingBegin, Mailbox, Estimate, Listed, Listed, Listed,
                                           ListingEnd, Checkpoint}));
}

TEST(JmapList, GivesEveryFieldOfAMessage) {
  FakeJmap server;
  server.add({"m1",
              "12345",
              "2014-10-30T06:12:00Z",
              {"inbox", "work"},
              {"$Seen", "MyTag", "bad keyword"},
              "blob-1"});
  TestSource source(server.session_url());
  const Item item = source.list().last(EventKind::Listed).item;
  EXPECT_EQ(item.key, "jmap:a1:m1");
  EXPECT_EQ(item.server_id, "m1");
  EXPECT_EQ(item.ref, "blob-1");
  EXPECT_EQ(item.size, 5U);
  EXPECT_EQ(item.received_at->time_since_epoch().count(), 1414649520);
  EXPECT_EQ(item.keywords, (Strings{"$seen", "mytag"}));
  ASSERT_EQ(item.places.size(), 2U);
  EXPECT_EQ(item.places[1].id, "work");
}

TEST(JmapList, PagesThroughAMailboxLargerThanTheServersLimit) {
  FakeJmap server;
  fill(server, 1, 25);
  server.edit_session([](json& session) {
    session["capabilities"]["urn:ietf:params:jmap:core"]["maxObjectsInGet"] = 10;
  });
  TestSource source(server.session_url());
  const auto told = source.list();
  EXPECT_EQ(told.ids(EventKind::Listed), names(1, 25));
  EXPECT_EQ(told.last(EventKind::Estimate).count, 25U);
  EXPECT_EQ(server.last_arguments("Email/query")["limit"], 10);
  EXPECT_EQ(server.last_arguments("Email/query")["anchor"], "m25");
}

TEST(JmapList, TakesMailThatArrivesWhilePaging) {
  FakeJmap server;
  fill(server, 1, 5);
  TestSource source(server.session_url());
  bool late = false;
  server.override_method("Email/query", [&](const json&, json answer) {
    if (!late) {
      late = true;
      server.add({"imported", "an old one", "1999-01-01T00:00:00Z"});
    }
    return answer;
  });
  const auto told = source.list();
  const Strings listed = told.ids(EventKind::Listed);
  EXPECT_EQ(std::set<std::string>(listed.begin(), listed.end()).count("imported"), 1U);
  EXPECT_EQ(told.last(EventKind::Checkpoint).cursor, R"({"email":"6","mailbox":"0","v":1})");
}

TEST(JmapList, GoesOnFromAnEarlierMessageWhenTheAnchorWasDeleted) {
  FakeJmap server;
  fill(server, 1, 20);
  server.edit_session([](json& session) {
    session["capabilities"]["urn:ietf:params:jmap:core"]["maxObjectsInGet"] = 6;
  });
  bool deleted = false;
  server.override_method("Email/query", [&](const json& arguments, json answer) {
    if (!deleted && arguments.contains("anchor")) {
      deleted = true;
      for (const char* id : {"m9", "m10", "m11", "m12"}) {
        server.destroy(id);
      }
    }
    return answer;
  });
  TestSource source(server.session_url());
  const auto told = source.list();
  const Strings listed = told.ids(EventKind::Listed);
  for (const std::string& id : names(13, 20)) {
    EXPECT_NE(std::find(listed.begin(), listed.end(), id), listed.end()) << id;
  }
  EXPECT_EQ(told.ids(EventKind::Removed),
            (Strings{"jmap:a1:m9", "jmap:a1:m10", "jmap:a1:m11", "jmap:a1:m12"}));
}

TEST(JmapList, AsksForLessWhenTheServerSaysThatItIsTooMuch) {
  FakeJmap server;
  fill(server, 1, 30);
  server.override_method("Email/get", [](const json& arguments, json answer) {
    return arguments["ids"].size() > 8 ? FakeJmap::error("requestTooLarge") : answer;
  });
  TestSource source(server.session_url());
  EXPECT_EQ(source.list().ids(EventKind::Listed), names(1, 30));
}

TEST(JmapList, GoesWithoutAnOrderThatTheServerDoesNotKnow) {
  FakeJmap server;
  fill(server, 1, 3);
  server.override_method("Email/query", [](const json& arguments, json answer) {
    return arguments.contains("sort") ? FakeJmap::error("unsupportedSort") : answer;
  });
  TestSource source(server.session_url());
  EXPECT_EQ(source.list().ids(EventKind::Listed), names(1, 3));
}

TEST(JmapList, TakesAServerThatGivesTheAnchorAgain) {
  FakeJmap server;
  fill(server, 1, 3);
  server.override_method("Email/query", [](const json& arguments, json answer) {
    if (arguments.contains("anchor")) {
      answer["ids"].insert(answer["ids"].begin(), arguments["anchor"]);
    }
    return answer;
  });
  TestSource source(server.session_url());
  EXPECT_EQ(source.list().ids(EventKind::Listed), names(1, 3));
}

TEST(JmapList, WaitsOutATroubleInTheMiddleOfAListing) {
  FakeJmap server;
  fill(server, 1, 3);
  int failures = 0;
  server.override_method("Email/query", [&](const json&, json answer) {
    return ++failures <= 2 ? FakeJmap::error("serverUnavailable") : answer;
  });
  TestSource source(server.session_url());
  EXPECT_EQ(source.list().ids(EventKind::Listed), names(1, 3));
  EXPECT_GT(source.fake.waited.count(), 0);
}

TEST(JmapList, LeavesOutWhatVanishedBetweenQueryAndGet) {
  FakeJmap server;
  fill(server, 1, 3);
  server.override_method("Email/query", [&](const json&, json answer) {
    answer["ids"].push_back("ghost");
    if (answer["ids"].size() == 1) {
      answer["ids"].clear();
    }
    return answer;
  });
  TestSource source(server.session_url());
  EXPECT_EQ(source.list().count(EventKind::Listed), 3U);
}

TEST(JmapChanges, CostTwoRequestsWhenNothingIsNew) {
  FakeJmap server;
  fill(server, 1, 3);
  TestSource first(server.session_url());
  const auto before = first.list();
  TestSource second(server.session_url());
  const auto told = second.list_after(before);
  EXPECT_EQ(second.fake.counted("http_requests"), 2U);
  EXPECT_TRUE(told.events.empty());
}

TEST(JmapChanges, TellNewChangedAndRemovedMessagesOfAPageBeforeItsCheckpoint) {
  FakeJmap server;
  fill(server, 1, 4);
  TestSource source(server.session_url());
  const auto before = source.list();
  fill(server, 5, 6);
  server.touch("m1", {"$flagged"});
  server.destroy("m2");
  const auto told = source.list_after(before);
  EXPECT_EQ(told.ids(EventKind::Listed), names(5, 6));
  EXPECT_EQ(told.ids(EventKind::Changed), names(1, 1));
  EXPECT_EQ(told.last(EventKind::Changed).item.keywords, Strings{"$flagged"});
  EXPECT_EQ(told.ids(EventKind::Removed), Strings{"jmap:a1:m2"});
  EXPECT_EQ(told.events.back().kind, EventKind::Checkpoint);
}

TEST(JmapChanges, ComeInPagesEachWithItsCheckpoint) {
  FakeJmap server;
  server.edit_session([](json& session) {
    session["capabilities"]["urn:ietf:params:jmap:core"]["maxObjectsInGet"] = 10;
  });
  TestSource source(server.session_url());
  const auto before = source.list();
  fill(server, 1, 25);
  const auto told = source.list_after(before);
  EXPECT_EQ(told.ids(EventKind::Listed), names(1, 25));
  EXPECT_EQ(told.count(EventKind::Checkpoint), 3U);
}

TEST(JmapChanges, CallAMessageGoneThatVanishedBeforeItCouldBeRead) {
  FakeJmap server;
  TestSource source(server.session_url());
  const auto before = source.list();
  fill(server, 1, 2);
  server.override_method("Email/changes", [](const json&, json answer) {
    answer["created"].push_back("ghost");
    return answer;
  });
  EXPECT_EQ(source.list_after(before).ids(EventKind::Gone), Strings{"jmap:a1:ghost"});
}

TEST(JmapChanges, TellMailboxesBeforeMessages) {
  FakeJmap server;
  TestSource source(server.session_url());
  const auto before = source.list();
  server.add_mailbox("work", "Work", "inbox");
  server.add_mailbox("old", "Old");
  server.destroy_mailbox("old");
  server.add({"m1", "x", "2024-01-01T00:00:00Z", {"work"}});
  const auto told = source.list_after(before);
  ASSERT_FALSE(told.events.empty());
  EXPECT_EQ(told.events.front().kind, EventKind::Mailbox);
  EXPECT_EQ(told.last(EventKind::Mailbox).mailbox.path, (Strings{"Inbox", "Work"}));
  EXPECT_EQ(told.ids(EventKind::MailboxRemoved), Strings{"old"});
  EXPECT_EQ(told.last(EventKind::Checkpoint).cursor, R"({"email":"1","mailbox":"3","v":1})");
}

TEST(JmapChanges, AskForNoMailboxesWhenOnlyTheirCountsChanged) {
  FakeJmap server;
  TestSource source(server.session_url());
  const auto before = source.list();
  const std::size_t asked = server.calls("Mailbox/get");
  server.override_method("Mailbox/changes", [](const json&, json answer) {
    answer["newState"] = "7";
    answer["updated"] = {"inbox"};
    answer["updatedProperties"] = {"totalEmails", "unreadEmails"};
    return answer;
  });
  source.list_after(before);
  EXPECT_EQ(server.calls("Mailbox/get"), asked);
}

TEST(JmapChanges, AskForLessWhenTheServerSaysThatItIsTooMuch) {
  FakeJmap server;
  TestSource source(server.session_url());
  const auto before = source.list();
  fill(server, 1, 30);
  server.override_method("Email/changes", [](const json& arguments, json answer) {
    return arguments["maxChanges"] > 8 ? FakeJmap::error("tooManyChanges") : answer;
  });
  EXPECT_EQ(source.list_after(before).ids(EventKind::Listed), names(1, 30));
}

TEST(JmapChanges, LoseTheCursorWhenTheServerHasForgottenTheState) {
  FakeJmap server;
  TestSource source(server.session_url());
  const auto before = source.list();
  server.override_method("Email/changes", [](const json&, const json&) {
    return FakeJmap::error("cannotCalculateChanges");
  });
  EXPECT_EQ(source.list_failure(before.cursors()).error_class(), ErrorClass::CursorLost);
}

TEST(JmapChanges, MayBeUnknownToTheServerRightAfterAListing) {
  FakeJmap server;
  fill(server, 1, 3);
  server.override_method("Email/changes", [](const json&, const json&) {
    return FakeJmap::error("cannotCalculateChanges");
  });
  TestSource source(server.session_url());
  const auto told = source.list();
  EXPECT_EQ(told.count(EventKind::Listed), 3U);
  EXPECT_EQ(told.count(EventKind::Checkpoint), 1U);
}

TEST(JmapChanges, TellAllMailboxesWhenTheirStateWasForgotten) {
  FakeJmap server;
  TestSource source(server.session_url());
  const auto before = source.list();
  server.override_method("Mailbox/changes", [](const json&, const json&) {
    return FakeJmap::error("cannotCalculateChanges");
  });
  EXPECT_EQ(source.list_after(before).ids(EventKind::Mailbox), Strings{"inbox"});
}

TEST(JmapChanges, ListAnewForACursorThatIsNotOurs) {
  FakeJmap server;
  fill(server, 1, 2);
  TestSource source(server.session_url());
  for (const char* cursor : {"", "nonsense", "[]", R"({"v":2,"email":"0","mailbox":"0"})",
                             R"({"v":1,"email":5,"mailbox":"0"})"}) {
    EXPECT_EQ(source.list({{1, "a1", cursor}}).count(EventKind::ListingBegin), 1U) << cursor;
  }
}

}  // namespace
}  // namespace mailpipe::jmap
