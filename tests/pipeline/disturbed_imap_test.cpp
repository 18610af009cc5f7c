#include "imap_source.hpp"
#include "pipeline/disturbed_run.hpp"
#include "support/model_imap_server.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace mailpipe::test {
namespace {

using What = Disturbance::What;

std::shared_ptr<Source> imap_source(run::Runner& runner, int port, bool hasty) {
  const Options options(R"({"host":"127.0.0.1","tls":"none","user":"anna","connections":1,)"
                        R"("password":{"$secret":"/password"},"port":)" +
                        std::to_string(port) + R"(,"timeout":)" + (hasty ? "1" : "20") + "}");
  return std::make_shared<imap::ImapSource>(options, runner.host("source"));
}

/// Three messages in INBOX and one in Archive; later one is new, one has another flag, one is gone.
class ImapDisturbed : public testing::TestWithParam<bool> {
 protected:
  ImapDisturbed() {
    model_.append("INBOX", "Subject: one\r\n\r\nFirst.\r\n", "\\Seen");
    model_.append("INBOX", "Subject: two\r\n\r\nSecond, a little longer.\r\n");
    model_.append("INBOX", "Subject: three\r\n\r\n");
    model_.create("Archive");
    model_.append("Archive", "Subject: old\r\n\r\n)\r\n* 1 FETCH (UID 1 FLAGS ())\r\n",
                  "\\Flagged");
  }

  DisturbedExchange exchange(std::size_t lines = 4) {
    return DisturbedExchange({.server_port = model_.port(),
                              .make = imap_source,
                              .next_run = GetParam(),
                              .meanwhile =
                                  [this] {
                                    model_.append("INBOX", "Subject: four\r\n\r\nNew.\r\n");
                                    model_.set_flags("INBOX", 2, "\\Answered");
                                    model_.expunge("INBOX", 3);
                                  },
                              .stride = DISTURBED_STRIDE,
                              .lines = lines});
  }

  void disturb(What what, const Oracle& oracle, std::size_t lines = 4) {
    DisturbedExchange both = exchange(lines);
    both.disturb(what, true, oracle);
    both.disturb(what, false, oracle);
  }

  static Oracle honest() { return {.exit_codes = {0, 75}}; }

  static Oracle lying() { return {.exit_codes = {0, 1, 3, 4, 75}, .lies = true}; }

  ModelImapServer model_;
};

TEST_P(ImapDisturbed, ByAFin) {
  disturb(What::Fin, honest());
}

TEST_P(ImapDisturbed, ByAReset) {
  disturb(What::Reset, honest());
}

TEST_P(ImapDisturbed, ByAStall) {
  disturb(What::Stall, honest(), 24);
}

TEST_P(ImapDisturbed, BySlowness) {
  disturb(What::Slow, {.exit_codes = {0}});
}

TEST_P(ImapDisturbed, ByAnotherLowBit) {
  disturb(What::LowBit, lying());
}

TEST_P(ImapDisturbed, ByAnotherHighBit) {
  disturb(What::HighBit, lying());
}

TEST_P(ImapDisturbed, ByANul) {
  disturb(What::Nul, lying());
}

TEST_P(ImapDisturbed, ByACarriageReturn) {
  disturb(What::CarriageReturn, lying());
}

TEST_P(ImapDisturbed, ByAMissingOctet) {
  disturb(What::Drop, lying());
}

TEST_P(ImapDisturbed, ByADoubledOctet) {
  disturb(What::Twice, lying());
}

INSTANTIATE_TEST_SUITE_P(Runs, ImapDisturbed, testing::Values(false, true),
                         [](const auto& run) { return run.param ? "Next" : "First"; });

}  // namespace
}  // namespace mailpipe::test
