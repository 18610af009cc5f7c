#include "jmap_source_fixture.hpp"
#include "pacer.hpp"

#include <mailpipe/testing/fake_queue.hpp>

#include <atomic>
#include <chrono>

namespace mailpipe::jmap {
namespace {

using nlohmann::json;
using test::FakeJmap;
using test::FakeQueue;
using test::HttpSeen;
using test::Reply;
using test::ScriptedHttpServer;

/// A scripted server with one message "m1", and what fetching it comes to.
class JmapFetch : public testing::Test {
 protected:
  JmapFetch() : source(server.session_url()) {
    server.add({"m1", kBody});
    body.assign(kBody);
  }

  static Work work(const std::string& id, std::optional<std::uint64_t> size) {
    Work made;
    made.key = "jmap:a1:" + id;
    made.ref = "b" + id;
    made.server_id = id;
    made.size = size;
    return made;
  }

  void put(std::optional<std::uint64_t> size) { queue.put(work("m1", size)); }

  /// Answers downloads with these, one after the other.
  void blobs(std::vector<Reply> replies) {
    server.http().on("/jmap/download/", std::move(replies));
  }

  void fetch() {
    source.source->fetch(queue);
    EXPECT_EQ(queue.left_over(), 0U);
    EXPECT_EQ(queue.ended_twice, 0U);
    EXPECT_EQ(queue.open_bodies, 0U);
  }

  Error fetch_failure() {
    try {
      source.source->fetch(queue);
    } catch (const Error& error) {
      EXPECT_EQ(queue.open_bodies, 0U);
      return error;
    }
    ADD_FAILURE() << "fetch() did not fail";
    return {ErrorClass::Internal, "no failure"};
  }

  void expect_item_failure(const std::string& words) {
    ASSERT_EQ(queue.failed.count("m1"), 1U);
    EXPECT_EQ(queue.failed.at("m1").error_class, ErrorClass::Item);
    EXPECT_NE(queue.failed.at("m1").what.find(words), std::string::npos)
        << queue.failed.at("m1").what;
    EXPECT_TRUE(queue.delivered.empty());
  }

  static constexpr const char* kBody = "Subject: hello\r\n\r\nbody\r\n";

  std::string body;
  FakeJmap server;
  TestSource source;
  FakeQueue queue;
};

TEST_F(JmapFetch, DeliversTheOctetsAsTheyAre) {
  const std::string octets("From: a\r\n\r\nbare\nline\0nul\xff\r\n", 27);
  server.add({"m2", octets});
  queue.put(work("m2", octets.size()));
  fetch();
  EXPECT_EQ(queue.delivered.at("m2"), octets);
  EXPECT_EQ(source.fake.counted("blobs"), 1U);
  EXPECT_EQ(source.fake.counted("blob_bytes"), octets.size());
}

TEST_F(JmapFetch, AsksForTheBlobByItsEncodedParts) {
  put(body.size());
  fetch();
  EXPECT_EQ(server.http().seen().back().target,
            "/jmap/download/a1/bm1/m1.eml?type=message%2Frfc822");
}

TEST_F(JmapFetch, DeliversAnEmptyMessage) {
  server.add({"m2", ""});
  queue.put(work("m2", 0));
  fetch();
  EXPECT_EQ(queue.delivered.at("m2"), "");
}

TEST_F(JmapFetch, DeliversAHundredMessagesOverFewConnections) {
  for (int i = 0; i < 100; ++i) {
    const std::string id = "x" + std::to_string(i);
    server.add({id, "body " + id});
    queue.put(work(id, ("body " + id).size()));
  }
  fetch();
  EXPECT_EQ(queue.delivered.size(), 100U);
  EXPECT_EQ(queue.delivered.at("x77"), "body x77");
  EXPECT_LE(server.http().connections(), 9U);
  EXPECT_LE(queue.most_held, 8U);
}

TEST_F(JmapFetch, GivesTheHeaderOnlyWhereNoMoreIsWanted) {
  Work made = work("m1", body.size());
  made.want = Want::Headers;
  queue.put(made);
  fetch();
  EXPECT_EQ(queue.delivered.at("m1"), "Subject: hello\r\n\r\n");
}

TEST_F(JmapFetch, MakesNoRequestWithoutWork) {
  fetch();
  EXPECT_EQ(server.http().requests(), 0U);
}

TEST_F(JmapFetch, FailsAMessageThatIsCutShort) {
  blobs({Reply::blob(body).cut_after(5, Reply::Ending::Close)});
  put(body.size());
  fetch();
  expect_item_failure("ended after 5 octets");
}

TEST_F(JmapFetch, FailsAMessageShorterThanAnnounced) {
  blobs({Reply::blob("short")});
  put(body.size());
  fetch();
  expect_item_failure("5 octets");
}

TEST_F(JmapFetch, FailsAMessageLongerThanAnnounced) {
  blobs({Reply::blob(body + "more")});
  put(body.size());
  fetch();
  expect_item_failure("longer");
}

TEST_F(JmapFetch, FailsAnEmptyBodyOfAMessageThatIsNotEmpty) {
  blobs({Reply::blob("")});
  put(body.size());
  fetch();
  expect_item_failure("0 octets");
}

TEST_F(JmapFetch, FailsAnEndlessBodyAtItsAnnouncedSize) {
  Reply endless = Reply::blob(std::string(65536, 'x'));
  endless.endless = true;
  blobs({endless});
  put(100'000);
  fetch();
  expect_item_failure("longer");
  EXPECT_LE(queue.octets, 100'000U);
}

TEST_F(JmapFetch, FailsAMessageThatComesCompressed) {
  blobs({Reply::blob(body).with("Content-Encoding", "gzip")});
  put(body.size());
  fetch();
  expect_item_failure("compressed");
}

TEST_F(JmapFetch, TakesAChunkedMessage) {
  Reply chunked = Reply::blob(body);
  chunked.chunked = true;
  blobs({chunked});
  put(body.size());
  fetch();
  EXPECT_EQ(queue.delivered.at("m1"), body);
}

TEST_F(JmapFetch, FailsAMessageBeyondTheOptionsLimitWithoutAskingForIt) {
  TestSource small(server.session_url(), {{"max_message_size", 10}});
  put(body.size());
  small.source->fetch(queue);
  expect_item_failure("octets");
  EXPECT_EQ(server.http().requests("/jmap/download/"), 0U);
}

TEST_F(JmapFetch, CallsAMessageGoneThatTheServerNoLongerHas) {
  server.destroy("m1");
  put(body.size());
  fetch();
  EXPECT_EQ(queue.gone_ids, std::set<std::string>{"m1"});
  EXPECT_TRUE(queue.failed.empty());
}

TEST_F(JmapFetch, FailsAMessageThatIsListedButNotThere) {
  blobs({Reply::error(404)});
  put(body.size());
  fetch();
  expect_item_failure("404");
  EXPECT_EQ(server.http().requests("/jmap/download/"), 2U);
}

TEST_F(JmapFetch, GoesToTheNewBlobOfAMessage) {
  Work made = work("m1", 3);
  made.ref = "old-blob";
  queue.put(made);
  fetch();
  EXPECT_EQ(queue.delivered.at("m1"), body);
}

TEST_F(JmapFetch, AsksAgainHowLongAMessageIsThatDoesNotFit) {
  for (const std::size_t announced : {body.size() - 1, body.size() + 1}) {
    queue.delivered.clear();
    put(announced);
    fetch();
    EXPECT_EQ(queue.delivered.at("m1"), body);
  }
  EXPECT_TRUE(queue.failed.empty());
}

TEST_F(JmapFetch, WaitsNoLongerThanTheTimeoutForAMessageThatStalls) {
  TestSource hasty(server.session_url(), {{"timeout", 1}});
  blobs({Reply::blob(body).cut_after(5, Reply::Ending::Hang), Reply::blob(body)});
  put(body.size());
  const auto start = std::chrono::steady_clock::now();
  hasty.source->fetch(queue);
  EXPECT_EQ(queue.delivered.at("m1"), body);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(30));  // not its own 60
}

TEST_F(JmapFetch, FailsADamagedMessageForWhichTheServerSays500) {
  server.add({"m2", "fine"});
  server.http().on("/jmap/download/a1/bm1/", {Reply::error(500)});
  put(body.size());
  queue.put(work("m2", 4));
  fetch();
  ASSERT_EQ(queue.failed.count("m1"), 1U);
  EXPECT_EQ(queue.failed.at("m1").error_class, ErrorClass::Item);
  EXPECT_EQ(queue.delivered.at("m2"), "fine");
}

TEST_F(JmapFetch, WaitsAndGoesOnAfter429And503) {
  for (const int status : {429, 503}) {
    blobs({Reply::error(status).with("Retry-After", "7"), Reply::blob(body)});
    put(body.size());
    fetch();
    EXPECT_EQ(queue.delivered.at("m1"), body);
    EXPECT_GE(source.fake.waited, std::chrono::seconds(7));
    queue.delivered.clear();
  }
}

TEST_F(JmapFetch, GivesUpWhenTheServerKeepsSaying429) {
  blobs({Reply::error(429)});
  put(body.size());
  EXPECT_EQ(fetch_failure().error_class(), ErrorClass::RateLimit);
  EXPECT_LE(server.http().requests("/jmap/download/"), 10U);
}

TEST_F(JmapFetch, TriesAgainAfterADroppedConnection) {
  blobs({Reply::blob(body).cut_after(5, Reply::Ending::Reset), Reply::blob(body)});
  put(body.size());
  fetch();
  EXPECT_EQ(queue.delivered.at("m1"), body) << "without the five octets of the first try";
}

TEST_F(JmapFetch, IsTransientWhenTheConnectionDropsEachTime) {
  blobs({Reply::blob(body).cut_after(5, Reply::Ending::Reset)});
  put(body.size());
  fetch();
  ASSERT_EQ(queue.failed.count("m1"), 1U);
  EXPECT_EQ(queue.failed.at("m1").error_class, ErrorClass::Transient);
}

TEST_F(JmapFetch, ReadsTheTokenAgainWhenItExpiresInTheMiddle) {
  source.fake.refreshed_secrets["/token"] = "fresh";
  server.http().on("/jmap/download/", [&](const HttpSeen& seen) {
    return seen.headers.at("authorization") == "Bearer fresh" ? Reply::blob(body)
                                                              : Reply::error(401);
  });
  put(body.size());
  fetch();
  EXPECT_EQ(queue.delivered.at("m1"), body);
  EXPECT_EQ(source.fake.refreshes, 1);
}

TEST_F(JmapFetch, StopsWhenTheLoginIsRefusedForGood) {
  blobs({Reply::error(401)});
  put(body.size());
  EXPECT_EQ(fetch_failure().error_class(), ErrorClass::Auth);
}

TEST_F(JmapFetch, NeverFollowsABlobToAnotherHost) {
  ScriptedHttpServer canary;
  blobs({Reply::redirect(302, canary.url("/"))});
  put(body.size());
  EXPECT_EQ(fetch_failure().error_class(), ErrorClass::Config);
  EXPECT_EQ(canary.connections(), 0U);
}

TEST_F(JmapFetch, StopsInTheMiddleOfAMessageWhenTheRunIsAborted) {
  Reply hanging = Reply::blob(std::string(100'000, 'x')).cut_after(50'000, Reply::Ending::Hang);
  blobs({hanging});
  queue.on_write = [this] { source.fake.abort(); };
  put(100'000);
  EXPECT_EQ(fetch_failure().error_class(), ErrorClass::Cancelled);
}

TEST_F(JmapFetch, LetsAFullDiskStopIt) {
  queue.on_write = [] { throw Error(ErrorClass::NoSpace, "full"); };
  put(body.size());
  EXPECT_EQ(fetch_failure().error_class(), ErrorClass::NoSpace);
}

using std::chrono::milliseconds;

Pacer::Time at(int ms) {
  return Pacer::Time(milliseconds(ms));
}

TEST(JmapPacer, GrowsWhileMoreComesThroughAndStaysWhenNot) {
  Pacer pacer(at(0));
  int time = 0;
  for (int i = 0; i < 8; ++i) {
    pacer.completed(1000, at(time += 10));
  }
  EXPECT_EQ(pacer.limit(), 8U);
  for (int i = 0; i < 16; ++i) {
    pacer.completed(1000, at(time += 5));
  }
  EXPECT_EQ(pacer.limit(), 16U);
  for (int i = 0; i < 64; ++i) {
    pacer.completed(1000, at(time += 5));
  }
  EXPECT_EQ(pacer.limit(), 16U);
}

TEST(JmapPacer, NeverGoesBeyondItsCap) {
  Pacer pacer(at(0));
  pacer.cap(8);
  for (int i = 0, time = 0; i < 1000; ++i) {
    pacer.completed(static_cast<std::uint64_t>(i) * 1000, at(++time));
  }
  EXPECT_EQ(pacer.limit(), 8U);
}

TEST(JmapPacer, HalvesOnceForAllThatWereInFlightTogether) {
  Pacer pacer(at(0));
  pacer.refused(at(1), at(10));
  pacer.refused(at(2), at(11));
  pacer.refused(at(3), at(12));
  EXPECT_EQ(pacer.limit(), 2U);
  pacer.refused(at(20), at(30));
  pacer.refused(at(40), at(50));
  EXPECT_EQ(pacer.limit(), 1U);
}

}  // namespace
}  // namespace mailpipe::jmap
