#include "imap_source.hpp"
#include "pipeline/disturbed_line.hpp"
#include "pipeline/disturbed_run.hpp"
#include "support/model_imap_server.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <regex>
#include <string>

namespace mailpipe::test {
namespace {

using What = Disturbance::What;

/// A model of an account: three messages in INBOX and one in Archive; later one is new, one has another flag, one is gone.
class ImapDisturbed : public testing::TestWithParam<Where> {
 protected:
  explicit ImapDisturbed(ModelOptions options = {}) : model_(std::move(options)) {
    model_.append("INBOX", "Subject: one\r\n\r\nFirst.\r\n", "\\Seen");
    model_.append("INBOX", "Subject: two\r\n\r\nSecond, a little longer.\r\n");
    model_.append("INBOX", "Subject: three\r\n\r\n");
    model_.create("Archive");
    model_.append("Archive", "Subject: old\r\n\r\n)\r\n* 1 FETCH (UID 1 FLAGS ())\r\n",
                  "\\Flagged");
  }

  struct Spread {
    std::size_t stride = 1, phase = 0;  ///< in the full tier
    std::size_t lines = 8;
  };

  void disturb(What what, const Oracle& oracle, Spread spread) {
    DisturbedExchange(
        {.server_port = model_.port(),
         .make =
             [this](run::Runner& runner, int port, bool hasty) {
               const Options options(R"({"host":"localhost","user":"anna","connections":1,)"
                                     R"("password":{"$secret":"/password"},)" +
                                     tls_ + R"(,"port":)" + std::to_string(port) +
                                     R"(,"timeout":)" + (hasty ? "1" : "20") + "}");
               return std::make_shared<imap::ImapSource>(options, runner.host("source"));
             },
         .next_run = GetParam().next_run,
         .meanwhile =
             [this] {
               model_.append("INBOX", "Subject: four\r\n\r\nNew.\r\n");
               model_.set_flags("INBOX", 2, "\\Answered");
               model_.expunge("INBOX", 3);
             },
         .forget = [this] { model_.forget_commands(); },
         .stride = DISTURBED_STRIDE == 1 ? spread.stride : DISTURBED_STRIDE * sample_,
         .phase = spread.phase,
         .lines = spread.lines})
        .disturb(what, GetParam().to_client, oracle);
  }

  void disturb(What what, const Oracle& oracle) { disturb(what, oracle, Spread{}); }

  static Oracle honest() { return {.exit_codes = {0, 75}, .classes = {ErrorClass::Transient}}; }

  static Oracle lying() {
    return {.exit_codes = {0, 1, 3, 4, 75},
            .classes = {ErrorClass::Transient, ErrorClass::Permanent, ErrorClass::Auth,
                        ErrorClass::Item},
            .excuse = undetectable};
  }

  /// The size of a body and the parentheses of its row are checked, not its octets. Flags of one message are lost where the
  /// row that tells them, or the question for it, is damaged so that it says something else, or nothing that is known.
  static bool undetectable(const Lie& lie) {
    static const std::regex tells_flags("FETCH|VANISHED|EXAMINE");
    return lie.next_exit == 0 &&
           ((lie.in_body && lie.is_another_octet()) ||
            (lie.is_other_flags() && std::regex_search(lie.line, tells_flags)));
  }

  ModelImapServer model_;
  std::size_t sample_ = 1;
  std::string tls_ = R"("tls":"none")";
};

TEST_P(ImapDisturbed, ByAFin) {
  disturb(What::Fin, honest());
}

TEST_P(ImapDisturbed, ByAReset) {
  disturb(What::Reset, honest());
}

TEST_P(ImapDisturbed, ByAStall) {
  disturb(What::Stall, honest(), {.lines = 48});  // each waits a second
}

TEST_P(ImapDisturbed, BySlowness) {
  disturb(What::Slow, {.exit_codes = {0}});
}

TEST_P(ImapDisturbed, ByAnotherLowBit) {
  disturb(What::LowBit, lying());
}

// Three octets that belong to no answer: each offset gets one of them.
TEST_P(ImapDisturbed, ByAnotherHighBit) {
  disturb(What::HighBit, lying(), {.stride = 3, .phase = 0});
}

TEST_P(ImapDisturbed, ByANul) {
  disturb(What::Nul, lying(), {.stride = 3, .phase = 1});
}

TEST_P(ImapDisturbed, ByACarriageReturn) {
  disturb(What::CarriageReturn, lying(), {.stride = 3, .phase = 2});
}

TEST_P(ImapDisturbed, ByAMissingOctet) {
  disturb(What::Drop, lying());
}

TEST_P(ImapDisturbed, ByADoubledOctet) {
  disturb(What::Twice, lying());
}

/// The same within TLS: whatever is done to the line, nothing but the truth comes through.
class ImapTlsDisturbed : private LineAuthority, public ImapDisturbed {
 protected:
  ImapTlsDisturbed()
      : ImapDisturbed({.certificate = keys.leaf("localhost"), .implicit_tls = true}) {
    sample_ = 5;
    tls_ = R"("tls":"implicit","ca_file":")" + file() + "\"";
  }

  static Oracle sealed() {
    return {
        .exit_codes = {0, 75}, .classes = {ErrorClass::Transient}, .secret = "AGFubmEAc2VjcmV0"};
  }
};

// What looks like the end of a TLS connection is none without close_notify.
TEST_P(ImapTlsDisturbed, ByAFin) {
  disturb(What::Fin, sealed());
}

// Four things that break a record: each offset gets one of them.
TEST_P(ImapTlsDisturbed, ByAReset) {
  disturb(What::Reset, sealed(), {.stride = 4, .phase = 0});
}

TEST_P(ImapTlsDisturbed, ByAnotherLowBit) {
  disturb(What::LowBit, sealed(), {.stride = 4, .phase = 1});
}

TEST_P(ImapTlsDisturbed, ByAMissingOctet) {
  disturb(What::Drop, sealed(), {.stride = 4, .phase = 2});
}

TEST_P(ImapTlsDisturbed, ByADoubledOctet) {
  disturb(What::Twice, sealed(), {.stride = 4, .phase = 3});
}

std::string name_of(const testing::TestParamInfo<Where>& info) {
  return std::string(info.param.next_run ? "Next" : "First") +
         (info.param.to_client ? "Answers" : "Commands");
}

INSTANTIATE_TEST_SUITE_P(Runs, ImapDisturbed, testing::ValuesIn(kEverywhere), name_of);
INSTANTIATE_TEST_SUITE_P(Runs, ImapTlsDisturbed, testing::ValuesIn(kEverywhere), name_of);

}  // namespace
}  // namespace mailpipe::test
