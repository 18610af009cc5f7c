#include "jmap_source.hpp"
#include "pipeline/disturbed_run.hpp"
#include "support/fake_jmap.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace mailpipe::test {
namespace {

using What = Disturbance::What;

std::shared_ptr<Source> jmap_source(run::Runner& runner, int port, bool /*hasty*/) {
  const Options options(R"({"token":{"$secret":"/token"},"session_url":"http://127.0.0.1:)" +
                        std::to_string(port) + R"(/jmap/session"})");
  return std::make_shared<jmap::JmapSource>(options, runner.host("source"));
}

/// Three messages in two mailboxes; later one is new, one has another keyword, one is gone.
class JmapDisturbed : public testing::TestWithParam<bool> {
 protected:
  JmapDisturbed() {
    jmap_.add_mailbox("archive", "Archive");
    jmap_.add({.id = "a", .bytes = "Subject: one\r\n\r\nFirst.\r\n", .keywords = {"$seen"}});
    jmap_.add({.id = "b", .bytes = "Subject: two\r\n\r\nSecond, a little longer.\r\n"});
    jmap_.add({.id = "c", .bytes = "Subject: old\r\n\r\n", .mailboxes = {"archive"}});
  }

  void disturb(What what, const Oracle& oracle) {
    DisturbedExchange({.server_port = jmap_.http().port(),
                       .make = jmap_source,
                       .next_run = GetParam(),
                       .meanwhile =
                           [this] {
                             jmap_.add({.id = "d", .bytes = "Subject: four\r\n\r\nNew.\r\n"});
                             jmap_.touch("b", {"$answered"});
                             jmap_.destroy("c");
                           },
                       .stride = DISTURBED_STRIDE})
        .disturb(what, true, oracle);
  }

  FakeJmap jmap_;
};

TEST_P(JmapDisturbed, ByAFin) {
  disturb(What::Fin, {.exit_codes = {0, 75}});
}

TEST_P(JmapDisturbed, ByAReset) {
  disturb(What::Reset, {.exit_codes = {0, 75}});
}

TEST_P(JmapDisturbed, BySlowness) {
  disturb(What::Slow, {.exit_codes = {0}});
}

INSTANTIATE_TEST_SUITE_P(Runs, JmapDisturbed, testing::Values(false, true),
                         [](const auto& run) { return run.param ? "Next" : "First"; });

}  // namespace
}  // namespace mailpipe::test
