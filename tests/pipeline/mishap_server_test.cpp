#include "pipeline/mishap_fixture.hpp"
#include "support/loopback_port.hpp"

#include <ctime>

namespace mailpipe::test {
namespace {

/// The server is down, or wants to be asked less.
class MishapServer : public MishapRun {
 protected:
  static std::string http_date(std::time_t time) {
    std::tm parts{};
    ::gmtime_r(&time, &parts);
    char text[64];
    return {text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts)};
  }
};

TEST_F(MishapServer, AnUnknownHostIsExit75AndNamed) {
  session_url_ = "https://no-such-host.invalid/jmap/session";
  expect_end(run(), 75, {"no-such-host.invalid", "check the name in session_url"});
}

TEST_F(MishapServer, AServerThatIsDownIsExit75) {
  const LoopbackPort gone;
  session_url_ = "http://127.0.0.1:" + std::to_string(gone.number()) + "/jmap/session";
  expect_end(run(), 75, {"127.0.0.1", "onnect"});
  session_url_ = jmap_->session_url();
  expect_whole_after_a_quiet_run();
}

TEST_F(MishapServer, GoesOnWhenTheServerComesBackWhileListing) {
  jmap_->on_request(at(kApi, 2, 2, reset()));
  expect_end(run({.budget = "1m"}), 0, {"trying again"});
  expect_whole();
}

TEST_F(MishapServer, GoesOnWhenTheServerComesBackInTheMiddleOfAMessage) {
  const std::string half = "From: ann@example.org\r\n";
  Reply cut = Reply::blob(half).cut_after(half.size(), Reply::Ending::Reset);
  cut.declared_length = 1000;
  jmap_->on_request(at(kBlobs, 3, 2, cut));
  expect_end(run({.budget = "1m"}), 0, {});
  expect_whole();
}

TEST_F(MishapServer, AServerThatStaysAwayWhileListingIsExit75) {
  jmap_->on_request(at(kApi, 2, kForEver, reset()));
  expect_end(run(), 75, {"127.0.0.1"});
  expect_whole_after_a_quiet_run();
}

TEST_F(MishapServer, AServerThatStaysAwayWhileFetchingIsExit75AndQuarantinesNothing) {
  auto blobs = std::make_shared<std::atomic<std::size_t>>(0);
  jmap_->on_request([=](const HttpSeen& request) -> std::optional<Reply> {
    *blobs += request.target.rfind(kBlobs, 0) == 0 ? 1 : 0;
    return *blobs > 3 ? std::optional(reset()) : std::nullopt;
  });
  expect_end(run(), 75, {"127.0.0.1"});
  EXPECT_EQ(report().at("counts").at("quarantined"), 0);
  expect_whole_after_a_quiet_run();
}

TEST_F(MishapServer, ShortRefusalsArePassedOver) {
  for (const Reply& refusal :
       {Reply::error(429), Reply::error(503), Reply::error(429).with("Retry-After", "1"),
        Reply::error(503).with("Retry-After", "1"),
        Reply::error(429).with("Retry-After", http_date(std::time(nullptr) + 1)),
        Reply::error(503).with("Retry-After", "soon"),
        Reply::error(429).with("Retry-After", "-5")}) {
    jmap_->on_request(at(kBlobs, 0, 1, refusal));
    expect_end(run({.budget = "1m"}), 0, {});
    expect_whole();
    add("again" + std::to_string(expected_.size()));
    jmap_->on_request(at(kApi, 0, 1, refusal));
    expect_end(run({.budget = "1m"}), 0, {});
    expect_whole();
    add("more" + std::to_string(expected_.size()));
  }
}

TEST_F(MishapServer, AWaitLongerThanTheBudgetEndsTheRunAtOnceWithExit75) {
  for (const std::string& wait : {std::string("600"), std::string("99999999999999999999"),
                                  http_date(std::time(nullptr) + 1'000'000'000)}) {
    for (const char* place : {kSession, kApi, kBlobs}) {
      jmap_->on_request(at(place, 0, kForEver, Reply::error(429).with("Retry-After", wait)));
      expect_end(run(), 75, {"HTTP 429"});
    }
  }
  expect_whole_after_a_quiet_run();
}

struct Refusal {
  int status;
  const char* place;
};

class EndlessRefusal : public MishapRun, public testing::WithParamInterface<Refusal> {};

TEST_P(EndlessRefusal, IsExit75AndQuarantinesNothing) {
  jmap_->on_request(at(GetParam().place, 0, kForEver, Reply::error(GetParam().status)));
  expect_end(run(), 75, {"HTTP " + std::to_string(GetParam().status), "nothing is lost"});
  EXPECT_EQ(report().at("counts").at("quarantined"), 0);
  expect_whole_after_a_quiet_run();
}

INSTANTIATE_TEST_SUITE_P(Mishap, EndlessRefusal,
                         testing::Values(Refusal{429, "/jmap/session"}, Refusal{429, "/jmap/api/"},
                                         Refusal{429, "/jmap/download/"},
                                         Refusal{503, "/jmap/session"}, Refusal{503, "/jmap/api/"},
                                         Refusal{503, "/jmap/download/"}));

}  // namespace
}  // namespace mailpipe::test
