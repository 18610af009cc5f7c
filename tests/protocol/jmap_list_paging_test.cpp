// A listing in many pages, and how it is found out that they do not hold all.
#include "jmap_source_fixture.hpp"

#include <algorithm>
#include <utility>

namespace mailpipe::jmap {
namespace {

using nlohmann::json;
using test::FakeJmap;
using test::RecordingEmitter;
using test::Reply;

/// 30 messages in pages of 10.
struct Paged : FakeJmap {
  Paged() {
    fill(*this, 1, 30);
    edit_session([](json& session) {
      session["capabilities"]["urn:ietf:params:jmap:core"]["maxObjectsInGet"] = 10;
    });
  }

  /// The page behind m10 is empty, the first `times`.
  void leave_off(int times) {
    override_method("Email/query", [times](const json& arguments, json answer) mutable {
      if (arguments.value("anchor", "") == "m10" && times-- > 0) {
        answer["ids"] = json::array();
      }
      return answer;
    });
  }
};

/// What the source ends a listing with that does not add up.
Error refused(Paged& server) {
  TestSource source(server.session_url());
  RecordingEmitter told;
  Error error = source.list_failure(told);
  EXPECT_EQ(told.count(EventKind::ListingEnd), 0U);
  EXPECT_EQ(told.count(EventKind::Checkpoint), 0U);
  return error;
}

TEST(JmapListMishap, NeverEndsAListingThatIsShorterThanAnnounced) {
  Paged server;
  server.leave_off(1'000);
  const Error error = refused(server);
  EXPECT_EQ(error.error_class(), ErrorClass::Transient);
  EXPECT_NE(std::string(error.what()).find("10 of the 30"), std::string::npos) << error.what();
}

TEST(JmapListMishap, AsksOnceMoreForAPageThatIsEmptyTooEarly) {
  Paged server;
  server.leave_off(1);
  TestSource source(server.session_url());
  EXPECT_EQ(source.list().count(EventKind::Listed), 30U);
}

TEST(JmapListMishap, NeverEndsAListingThatLeavesAMessageOut) {
  Paged server;
  server.override_method("Email/query", [](const json& arguments, json answer) {
    if (arguments.value("anchor", "") == "m10") {
      answer["ids"].erase(3);
    }
    return answer;
  });
  EXPECT_EQ(refused(server).error_class(), ErrorClass::Transient);
}

/// Equal dates, and no order among them that stays from page to page.
TEST(JmapListMishap, NeverEndsAListingInWhichAMessageComesTwiceInPlaceOfAnother) {
  Paged server;
  server.override_method("Email/query", [](const json& arguments, json answer) {
    if (arguments.value("anchor", "") == "m10") {
      answer["ids"][3] = "m4";
    }
    return answer;
  });
  EXPECT_EQ(refused(server).error_class(), ErrorClass::Transient);
}

/// As Cyrus once did: the page begins as far before the anchor as it is to begin behind it.
TEST(JmapListMishap, FindsOutAnAnchorOffsetThatIsTakenTheWrongWay) {
  Paged server;
  server.override_method("Email/query", [](const json& arguments, json answer) {
    const std::string anchor = arguments.value("anchor", "");
    if (!anchor.empty()) {
      const int at = std::stoi(anchor.substr(1)) - 1;
      answer["ids"] = names(at, std::min(at + 9, 30));
    }
    return answer;
  });
  EXPECT_EQ(refused(server).error_class(), ErrorClass::Permanent);
}

TEST(JmapListMishap, ReadsAnswersInAnyOrder) {
  Paged server;
  server.frame([](Reply reply) {
    json answer = json::parse(reply.body, nullptr, false);
    if (answer.is_object() && answer.contains("methodResponses")) {
      std::reverse(answer["methodResponses"].begin(), answer["methodResponses"].end());
      reply.body = answer.dump();
    }
    return reply;
  });
  TestSource source(server.session_url());
  EXPECT_EQ(source.list().count(EventKind::Listed), 30U);
}

TEST(JmapListMishap, TakesASessionWithoutTheCoreCapability) {
  Paged server;
  server.edit_session(
      [](json& session) { session["capabilities"].erase("urn:ietf:params:jmap:core"); });
  TestSource source(server.session_url());
  EXPECT_EQ(source.list().count(EventKind::Listed), 30U);
}

TEST(JmapListMishap, AsksForNoDatesAndHearsOfOldMailThatComesLater) {
  Paged server;
  TestSource source(server.session_url());
  const RecordingEmitter before = source.list();
  EXPECT_FALSE(server.last_arguments("Email/query").contains("filter"));
  server.add({"imported", "Subject: old\r\n\r\nbody\r\n", "1999-01-01T00:00:00Z"});
  EXPECT_EQ(source.list_after(before).ids(EventKind::Listed), (Strings{"imported"}));
}

TEST(JmapListMishap, EndsAListingThatIsShorterByWhatWasDeletedMeanwhile) {
  Paged server;
  TestSource source(server.session_url());
  RecordingEmitter told;
  told.on_event = [&, deleted = false](const Event& event) mutable {
    if (event.kind == EventKind::Listed && !std::exchange(deleted, true)) {
      for (const char* id : {"m5", "m10", "m11", "m30"}) {
        server.destroy(id);
      }
    }
  };
  source.source->list({}, told);
  EXPECT_EQ(told.count(EventKind::Listed), 28U);
  EXPECT_EQ(told.count(EventKind::ListingEnd), 1U);
}

/// Cyrus, when a mailbox went.
TEST(JmapListMishap, CountsAgainWhereTheServerCannotTellWhatWasDeletedMeanwhile) {
  Paged server;
  TestSource source(server.session_url());
  RecordingEmitter told;
  told.on_event = [&, deleted = false](const Event& event) mutable {
    if (event.kind == EventKind::Listed && !std::exchange(deleted, true)) {
      server.destroy("m15");
    }
  };
  server.override_method("Email/changes", [](const json&, const json&) {
    return FakeJmap::error("cannotCalculateChanges");
  });
  source.source->list({}, told);
  EXPECT_EQ(told.count(EventKind::ListingEnd), 1U);
}

TEST(JmapListMishap, TakesAListingOfAServerThatDoesNotCount) {
  Paged server;
  server.override_method("Email/query", [](const json&, json answer) {
    answer.erase("total");
    return answer;
  });
  TestSource source(server.session_url());
  EXPECT_EQ(source.list().count(EventKind::Listed), 30U);
}

TEST(JmapListMishap, StopsBetweenPagesWhenTheRunDrains) {
  Paged server;
  TestSource source(server.session_url());
  RecordingEmitter told;
  told.on_event = [&](const Event& event) {
    if (event.kind == EventKind::Listed) {
      source.fake.drain();
    }
  };
  EXPECT_EQ(source.list_failure(told).error_class(), ErrorClass::Cancelled);
  EXPECT_EQ(told.count(EventKind::Listed), 10U);
}

}  // namespace
}  // namespace mailpipe::jmap
