#include "pipeline/mishap_fixture.hpp"

#include <csignal>
#include <random>

namespace mailpipe::test {
namespace {

namespace fs = std::filesystem;

class MishapSignal : public MishapRun {
 protected:
  /// From the third message on every download waits at the gate.
  void close_gate() {
    auto count = std::make_shared<std::atomic<std::size_t>>(0);
    jmap_->on_request([gate = gate_, count](const HttpSeen& request) -> std::optional<Reply> {
      if (request.target.rfind(kBlobs, 0) == 0 && (*count)++ >= 2) {
        gate->pass(request.target);
      }
      return std::nullopt;
    });
  }

  void TearDown() override {
    gate_->open();
    MishapRun::TearDown();
  }

  void expect_no_leftovers() const {
    for (const char* folder : {"mail/.mailpipe-stage", "state/mailpipe/demo/spool"}) {
      if (fs::exists(dir_ / folder)) {
        EXPECT_TRUE(fs::is_empty(dir_ / folder)) << folder;
      }
    }
  }

  void expect_stops_once(int signal, int code) {
    close_gate();
    const auto running = begin();
    const std::vector<std::string> in_flight = gate_->wait_for(1);
    running->signal(signal);
    ASSERT_TRUE(running->wait_for_error_line("stopping"));
    gate_->open();
    const Finished result = kept(running->wait());
    expect_end(result, code, {"what is in flight is finished first"});
    const std::multiset<std::string> files = stored();
    const bool committed = std::any_of(files.begin(), files.end(), [&](const std::string& text) {
      const std::string& target = in_flight.front();
      const std::size_t at = target.find("/bm") + 2;
      return contains(text, "body of " + target.substr(at, target.find('/', at) - at) + "\r\n");
    });
    EXPECT_TRUE(committed) << in_flight.front();
    EXPECT_EQ(report().at("exit_code"), code);
    expect_no_leftovers();
    expect_whole_after_a_quiet_run();
  }

  std::shared_ptr<Gate> gate_ = std::make_shared<Gate>();
};

TEST_F(MishapSignal, TheFirstInterruptCommitsWhatIsInFlight) {
  expect_stops_once(SIGINT, 130);
}

TEST_F(MishapSignal, ATerminationCommitsWhatIsInFlight) {
  expect_stops_once(SIGTERM, 143);
}

TEST_F(MishapSignal, TheSecondInterruptStopsAtOnce) {
  close_gate();
  const auto running = begin();
  gate_->wait_for(1);
  running->signal(SIGINT);
  ASSERT_TRUE(running->wait_for_error_line("stopping"));
  running->signal(SIGINT);
  const Finished result = kept(running->wait());  // the gate is still closed
  expect_end(result, 130, {});
  gate_->open();
  expect_whole_after_a_quiet_run();
  expect_no_leftovers();
}

TEST_F(MishapSignal, FiftyKillsAtRandomMomentsLoseNothing) {
  std::minstd_rand random(20261122);
  int killed = 0;
  for (int round = 0; round < 50; ++round) {
    add("k" + std::to_string(2 * round));
    add("k" + std::to_string(2 * round + 1), 50'000);
    const auto running = begin();
    ::usleep(std::uniform_int_distribution<unsigned>(0, 120'000)(random));  // any moment will do
    running->signal(SIGKILL);
    killed += kept(running->wait()).exit_code == 128 + SIGKILL ? 1 : 0;
  }
  EXPECT_GT(killed, 0);
  expect_whole_after_a_quiet_run();
  const nlohmann::json counts = report().at("counts");
  std::uint64_t out = 0;
  for (const char* name : {"known", "updated", "filtered", "held", "deduped", "stored",
                           "quarantined", "gone", "failed"}) {
    out += counts.at(name).get<std::uint64_t>();
  }
  EXPECT_EQ(out, counts.at("listed").get<std::uint64_t>() +
                     counts.at("removed").get<std::uint64_t>() +
                     counts.at("reoffered").get<std::uint64_t>());
  expect_no_leftovers();
}

}  // namespace
}  // namespace mailpipe::test
