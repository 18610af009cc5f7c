#include "pipeline/mishap_fixture.hpp"

namespace mailpipe::test {
namespace {

/// Messages whose octets do not come as announced.
class MishapBodies : public MishapRun {
 protected:
  /// One message is served wrong for ever: it is quarantined by name, and stored as soon as it comes right.
  void expect_quarantined(const Reply& reply, const std::string& why) {
    jmap_->on_request(at("/jmap/download/a1/bm3/", 0, kForEver, reply));
    const Finished result = run({.budget = "1m"});
    EXPECT_EQ(result.exit_code, 3) << result.err;
    EXPECT_TRUE(contains(result.out, "quarantined: jmap:a1:m3: ")) << result.out;
    EXPECT_TRUE(contains(result.out, why)) << result.out;
    EXPECT_EQ(stored().size(), expected_.size() - 1);
    const Finished again = run({.budget = "1m"});
    EXPECT_EQ(again.exit_code, 3) << "offered again, and still bad: " << again.out;
    expect_whole_after_a_quiet_run();
  }
};

TEST_F(MishapBodies, AShortOneIsQuarantined) {
  Reply reply = Reply::blob("From: ").cut_after(6, Reply::Ending::Close);
  reply.declared_length = 5000;
  expect_quarantined(reply, "before the message did");
}

TEST_F(MishapBodies, AnotherLengthThanAnnouncedIsQuarantined) {
  expect_quarantined(Reply::blob("From: short"), "has 11 octets");
}

TEST_F(MishapBodies, ALongerOneIsCutOffAndQuarantined) {
  Reply endless = Reply::blob(std::string(65536, 'x'));
  endless.endless = true;
  endless.ending = Reply::Ending::Close;
  expect_quarantined(endless, "longer than the");
}

TEST_F(MishapBodies, AnEmptyOneIsQuarantined) {
  expect_quarantined(Reply::blob(""), "has 0 octets");
}

TEST_F(MishapBodies, ACompressedOneIsQuarantined) {
  expect_quarantined(Reply::blob(gzip_bomb(1000)).with("Content-Encoding", "gzip"), "");
}

TEST_F(MishapBodies, AMissingOneThatIsStillListedIsQuarantined) {
  expect_quarantined(Reply::error(404), "its octets are not there (HTTP 404)");
}

TEST_F(MishapBodies, ADamagedOneIsQuarantined) {
  expect_quarantined(Reply::error(500), "HTTP 500");
}

TEST_F(MishapBodies, AMissingOneThatTheServerHasNoMoreIsGone) {
  jmap_->on_request([this](const HttpSeen& request) -> std::optional<Reply> {
    if (contains(request.target, "/bm3/")) {
      jmap_->destroy("m3");
      jmap_->on_request({});
      return Reply::error(404);
    }
    return std::nullopt;
  });
  const Finished result = run();
  expect_end(result, 0, {});
  EXPECT_TRUE(contains(result.out, "gone: jmap:a1:m3")) << result.out;
  EXPECT_EQ(stored().size(), expected_.size() - 1);
}

TEST_F(MishapBodies, AnEmptyMessageIsStoredWhenItIsAnnouncedAsEmpty) {
  jmap_->add({.id = "empty", .bytes = ""});
  expected_.insert("");
  expect_end(run(), 0, {});
  expect_whole();
}

}  // namespace
}  // namespace mailpipe::test
