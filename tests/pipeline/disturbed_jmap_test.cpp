#include "jmap_source.hpp"
#include "pipeline/disturbed_line.hpp"
#include "pipeline/disturbed_run.hpp"
#include "support/fake_jmap.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>

namespace mailpipe::test {
namespace {

using What = Disturbance::What;

/// Three messages in two mailboxes; later one is new, one has another keyword, one is gone.
class JmapDisturbed : public testing::TestWithParam<Where> {
 protected:
  explicit JmapDisturbed(std::optional<Certificate> certificate = std::nullopt)
      : jmap_(std::move(certificate)) {
    jmap_.add_mailbox("archive", "Archive");
    jmap_.add({.id = "a", .bytes = "Subject: one\r\n\r\nFirst.\r\n", .keywords = {"$seen"}});
    jmap_.add({.id = "b", .bytes = "Subject: two\r\n\r\nSecond, a little longer.\r\n"});
    jmap_.add({.id = "c", .bytes = "Subject: old\r\n\r\n", .mailboxes = {"archive"}});
  }

  struct Spread {
    std::size_t stride = 1, phase = 0;  ///< in the full tier
    std::size_t lines = 32;             ///< one that failed waits before it is tried again
  };

  void disturb(What what, const Oracle& oracle, Spread spread) {
    DisturbedExchange(
        {.server_port = jmap_.http().port(),
         .make =
             [this](run::Runner& runner, int port, bool hasty) {
               const Options options(
                   R"({"token":{"$secret":"/token"},"max_in_flight":1,"session_url":")" + origin_ +
                   std::to_string(port) + R"(/jmap/session","timeout":)" + (hasty ? "1" : "20") +
                   more_ + "}");
               return std::make_shared<jmap::JmapSource>(options, runner.host("source"));
             },
         .next_run = GetParam().next_run,
         .meanwhile =
             [this] {
               jmap_.add({.id = "d", .bytes = "Subject: four\r\n\r\nNew.\r\n"});
               jmap_.touch("b", {"$answered"});
               jmap_.destroy("c");
             },
         .forget = [this] { jmap_.forget(); },
         .stride = DISTURBED_STRIDE == 1 ? spread.stride : DISTURBED_STRIDE * sample_,
         .phase = spread.phase,
         .lines = spread.lines})
        .disturb(what, GetParam().to_client, oracle);
  }

  void disturb(What what, const Oracle& oracle) { disturb(what, oracle, Spread{}); }

  static Oracle honest() { return {.exit_codes = {0, 75}, .classes = {ErrorClass::Transient}}; }

  static Oracle lying() {
    return {.exit_codes = {0, 1, 2, 3, 4, 75},
            .classes = {ErrorClass::Transient, ErrorClass::Permanent, ErrorClass::Auth,
                        ErrorClass::Config},
            .excuse = undetectable};
  }

  /// The length of a body is checked, not its octets. JSON that is still JSON, with names and ids that are still some, says
  /// what it says: other keywords, another name of a mailbox, another message that changed. A message in a mailbox that
  /// there is not stays in quarantine.
  static bool undetectable(const Lie& lie) {
    if (!lie.to_client) {
      return false;
    }
    const bool ends_head =
        lie.before.size() > 2 && lie.before.find('\r', lie.before.size() - 3) != std::string::npos;
    if (lie.in_body || ends_head) {
      return lie.next_exit == 0 && lie.is_another_octet();
    }
    const std::string name = last_name(lie.before);
    if (name == "id" || name == "mailboxIds") {
      return lie.next_exit == 3 && lie.added.empty();
    }
    return lie.next_exit == 0 && lie.is_other_places() &&
           std::set<std::string>{"keywords", "name", "created", "updated", "destroyed"}.count(
               name) != 0;
  }

  /// Of "...,"keywords":{"$se": keywords.
  static std::string last_name(const std::string& before) {
    const std::size_t end = before.rfind("\":");
    const std::size_t start = end == std::string::npos ? end : before.rfind('"', end - 1);
    return start == std::string::npos ? "" : before.substr(start + 1, end - start - 1);
  }

  FakeJmap jmap_;
  std::string origin_ = "http://127.0.0.1:";
  std::string more_;
  std::size_t sample_ = 1;
};

TEST_P(JmapDisturbed, ByAFin) {
  disturb(What::Fin, honest());
}

TEST_P(JmapDisturbed, ByAReset) {
  disturb(What::Reset, honest());
}

TEST_P(JmapDisturbed, ByAStall) {
  disturb(What::Stall, honest(), {.lines = 64});  // each waits a second or two
}

TEST_P(JmapDisturbed, BySlowness) {
  disturb(What::Slow, {.exit_codes = {0}});
}

TEST_P(JmapDisturbed, ByAnotherLowBit) {
  disturb(What::LowBit, lying());
}

// Three octets that belong to no answer: each offset gets one of them.
TEST_P(JmapDisturbed, ByAnotherHighBit) {
  disturb(What::HighBit, lying(), {.stride = 3, .phase = 0});
}

TEST_P(JmapDisturbed, ByANul) {
  disturb(What::Nul, lying(), {.stride = 3, .phase = 1});
}

TEST_P(JmapDisturbed, ByACarriageReturn) {
  disturb(What::CarriageReturn, lying(), {.stride = 3, .phase = 2});
}

TEST_P(JmapDisturbed, ByAMissingOctet) {
  disturb(What::Drop, lying());
}

TEST_P(JmapDisturbed, ByADoubledOctet) {
  disturb(What::Twice, lying());
}

/// The same within TLS: whatever is done to the line, nothing but the truth comes through.
class JmapTlsDisturbed : private LineAuthority, public JmapDisturbed {
 protected:
  JmapTlsDisturbed() : JmapDisturbed(keys.leaf("localhost")) {
    origin_ = "https://localhost:";
    sample_ = 5;
    more_ = R"(,"ca_file":")" + file() + "\"";
  }

  static Oracle sealed() {
    return {.exit_codes = {0, 75}, .classes = {ErrorClass::Transient}, .secret = "Bearer secret"};
  }
};

TEST_P(JmapTlsDisturbed, ByAFin) {
  disturb(What::Fin, sealed());
}

// Where the end of the connection is the end of the answer, only close_notify makes it one.
TEST_P(JmapTlsDisturbed, ByAFinWhereNoLengthIsSaid) {
  jmap_.frame([](Reply reply) {
    reply.until_close = true;
    return reply;
  });
  disturb(What::Fin, sealed(), {.stride = 3});
}

// Four things that break a record: each offset gets one of them.
TEST_P(JmapTlsDisturbed, ByAReset) {
  disturb(What::Reset, sealed(), {.stride = 4, .phase = 0});
}

TEST_P(JmapTlsDisturbed, ByAnotherLowBit) {
  disturb(What::LowBit, sealed(), {.stride = 4, .phase = 1});
}

TEST_P(JmapTlsDisturbed, ByAMissingOctet) {
  disturb(What::Drop, sealed(), {.stride = 4, .phase = 2});
}

TEST_P(JmapTlsDisturbed, ByADoubledOctet) {
  disturb(What::Twice, sealed(), {.stride = 4, .phase = 3});
}

std::string name_of(const testing::TestParamInfo<Where>& info) {
  return std::string(info.param.next_run ? "Next" : "First") +
         (info.param.to_client ? "Answers" : "Questions");
}

INSTANTIATE_TEST_SUITE_P(Runs, JmapDisturbed, testing::ValuesIn(kEverywhere), name_of);
INSTANTIATE_TEST_SUITE_P(Runs, JmapTlsDisturbed, testing::ValuesIn(kEverywhere), name_of);

}  // namespace
}  // namespace mailpipe::test
