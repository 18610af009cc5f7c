#include "pipeline/mishap_fixture.hpp"

namespace mailpipe::test {
namespace {

namespace fs = std::filesystem;

class MishapLedger : public MishapRun {
 protected:
  fs::path ledger() const { return dir_ / "state/mailpipe/demo/ledger.db"; }

  /// The ledger is lost: no run goes on from nothing; a rebuild takes over what lies there.
  void expect_rebuilt(const std::vector<std::string>& parts) {
    std::vector<std::string> words = parts;
    words.emplace_back("mailpipe state rebuild");
    expect_end(run(), 1, words);
    expect_whole();
    const std::size_t blobs = jmap_->http().requests(kBlobs);
    const Finished rebuilt =
        kept(mailpipe({"state", "rebuild", (dir_ / "demo.yaml").string()}, environment()));
    expect_end(rebuilt, 0, {});
    expect_whole_after_a_quiet_run();
    EXPECT_EQ(jmap_->http().requests(kBlobs), blobs) << "nothing is fetched twice";
    add("later");
    expect_whole_after_a_quiet_run();
  }
};

TEST_F(MishapLedger, ADeletedOneIsExit1AndCanBeRebuilt) {
  expect_end(run(), 0, {});
  fs::remove_all(dir_ / "state");
  expect_rebuilt({"its ledger is missing"});
}

TEST_F(MishapLedger, AnOverwrittenOneIsExit1AndCanBeRebuilt) {
  expect_end(run(), 0, {});
  std::ofstream(ledger(), std::ios::binary) << std::string(20'000, 'x');
  expect_rebuilt({"is damaged"});
}

TEST_F(MishapLedger, AnEmptyOneIsExit1AndCanBeRebuilt) {
  expect_end(run(), 0, {});
  fs::resize_file(ledger(), 0);
  expect_rebuilt({"ledger"});
}

TEST_F(MishapLedger, ACutOneIsExit1AndCanBeRebuilt) {
  expect_end(run(), 0, {});
  fs::resize_file(ledger(), 8192);
  expect_rebuilt({"is damaged"});
}

TEST_F(MishapLedger, ASecondRunAtTheSameTimeIsToldWhoHoldsTheLock) {
  Gate gate;
  jmap_->on_request([&](const HttpSeen& request) -> std::optional<Reply> {
    gate.pass(request.target);
    return std::nullopt;
  });
  const auto first = begin();
  gate.wait_for(1);
  expect_end(run(), 75,
             {"another run of this pipeline is going on: process " + std::to_string(first->pid())});
  gate.open();
  expect_end(kept(first->wait()), 0, {});
  expect_whole();
}

}  // namespace
}  // namespace mailpipe::test
