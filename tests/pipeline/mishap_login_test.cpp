#include "pipeline/mishap_fixture.hpp"

namespace mailpipe::test {
namespace {

class MishapLogin : public MishapRun {};

TEST_F(MishapLogin, AWrongTokenIsExit4) {
  jmap_->on_request(at("/", 0, kForEver, Reply::error(401)));
  expect_end(run(), 4, {"HTTP 401", "check the token"});
  expect_whole_after_a_quiet_run();
}

TEST_F(MishapLogin, ATokenWithoutTheRightIsExit4) {
  jmap_->on_request(at("/", 0, kForEver, Reply::error(403)));
  expect_end(run(), 4, {"HTTP 403", "needs read access to mail"});
  expect_whole_after_a_quiet_run();
}

TEST_F(MishapLogin, ATokenRevokedWhileFetchingKeepsWhatWasStored) {
  jmap_->on_request(at(kBlobs, 4, kForEver, Reply::error(401)));
  expect_end(run(), 4, {"HTTP 401", "check the token"});
  expect_whole_after_a_quiet_run();
}

TEST_F(MishapLogin, AFailingTokenCommandIsNamedWithItsExitStatus) {
  const Finished result = run({.token = "{ $command: [sh, -c, 'echo locked >&2; exit 7'] }"});
  expect_end(result, 4, {"failed (exit status 7): locked"});
  EXPECT_EQ(jmap_->http().requests(), 0U);
  expect_whole_after_a_quiet_run();
}

TEST_F(MishapLogin, AMissingTokenCommandIsNamed) {
  expect_end(run({.token = "{ $command: [/nonexistent/pass-show] }"}), 2,
             {"/nonexistent/pass-show"});
  expect_whole_after_a_quiet_run();
}

TEST_F(MishapLogin, ATokenCommandIsAskedAgainWhenItsTokenExpires) {
  token_file_ = dir_ / "token";
  std::ofstream(token_file_) << kToken;
  const std::string next = std::string(kToken) + "-renewed";
  auto expired = std::make_shared<std::atomic<bool>>(false);
  auto once = std::make_shared<std::once_flag>();
  jmap_->on_request([=, this](const HttpSeen& request) -> std::optional<Reply> {
    if (request.target.rfind(kBlobs, 0) == 0) {
      std::call_once(*once, [&] {  // written before it is asked for, whoever comes first
        std::ofstream(token_file_) << next;
        *expired = true;
      });
    }
    const bool old = request.headers.at("authorization") == std::string("Bearer ") + kToken;
    return *expired && old ? std::optional(Reply::error(401)) : std::nullopt;
  });
  expect_end(run({.token = "{ $command: [cat, " + token_file_.string() + "] }"}), 0, {});
  expect_whole();
}

TEST_F(MishapLogin, ATokenThatTheServerRepeatsIsNotPrinted) {
  jmap_->on_request(
      at("/", 0, kForEver,
         Reply::error(
             401, std::string(R"({"type":"about:blank","detail":"bad token )") + kToken + "\"}")));
  expect_end(run(), 4, {"bad token [secret]"});
}

}  // namespace
}  // namespace mailpipe::test
