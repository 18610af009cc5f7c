#include "pipeline/mishap_fixture.hpp"

namespace mailpipe::test {
namespace {

/// The server sends us elsewhere: to a canary that must never see the token.
class MishapHosts : public MishapRun {
 protected:
  void SetUp() override {
    start();
    canary_.on("/", {Reply::json("{}")});
  }

  void TearDown() override {
    EXPECT_EQ(canary_.requests(), 0U) << "nothing at all may be sent there";
    EXPECT_TRUE(canary_.authorizations().empty());
    MishapRun::TearDown();
  }

  std::string canary() const { return "127.0.0.1:" + std::to_string(canary_.port()); }

  void expect_refused(const std::string& what) {
    expect_end(run(), 2, {what, canary(), "nothing was sent there", "allow_hosts"});
  }

  ScriptedHttpServer canary_;
};

TEST_F(MishapHosts, ARedirectOfTheSessionIsRefused) {
  for (const int status : {301, 302, 307, 308}) {
    jmap_->on_request(at(kSession, 0, 1, Reply::redirect(status, canary_.url())));
    expect_refused("redirect");
  }
  expect_whole_after_a_quiet_run();
}

TEST_F(MishapHosts, ARedirectOfTheApiIsRefused) {
  jmap_->on_request(at(kApi, 0, kForEver, Reply::redirect(307, canary_.url())));
  const Finished result = run();
  EXPECT_EQ(result.exit_code, 2) << result.err;
  expect_whole_after_a_quiet_run();
}

TEST_F(MishapHosts, ARedirectOfAMessageIsRefused) {
  jmap_->on_request(at(kBlobs, 3, kForEver, Reply::redirect(302, canary_.url())));
  expect_refused("redirect");
  expect_whole_after_a_quiet_run();
}

TEST_F(MishapHosts, AnApiUrlOnAnotherHostIsRefused) {
  jmap_->edit_session([this](auto& session) { session["apiUrl"] = canary_.url("/api"); });
  expect_refused("apiUrl");
  jmap_->edit_session([](auto& session) { session["apiUrl"] = "/jmap/api/"; });
  expect_whole_after_a_quiet_run();
}

TEST_F(MishapHosts, ADownloadUrlOnAnotherHostIsRefused) {
  const auto set = [this](const std::string& front) {
    jmap_->edit_session([&](auto& session) {
      session["downloadUrl"] = front + "/jmap/download/{accountId}/{blobId}/{name}?type={type}";
    });
  };
  set("http://" + canary());
  expect_refused("downloadUrl");
  set("");
  expect_whole_after_a_quiet_run();
}

TEST_F(MishapHosts, AUserInfoThatLooksLikeOurHostIsRefused) {
  jmap_->edit_session([this](auto& session) {
    session["apiUrl"] =
        "http://127.0.0.1:" + std::to_string(jmap_->http().port()) + "@" + canary() + "/api";
  });
  const Finished result = run();
  EXPECT_NE(result.exit_code, 0);
  EXPECT_TRUE(contains(result.err, "apiUrl")) << result.err;
}

TEST_F(MishapHosts, PlainHttpToAnotherMachineIsRefused) {
  session_url_ = "http://mail.example.org/jmap/session";
  expect_end(run(), 2, {"not encrypted", "allow_plain_http"});
}

}  // namespace
}  // namespace mailpipe::test
