// Runs that are killed, on an account that never rests: a mirror ends up equal, an archive holds all that it could get.
#include "pipeline/churn_fixture.hpp"

namespace mailpipe::test {
namespace {

using namespace std::chrono_literals;

constexpr ChurnShape kUsual[] = {
    {"DovecotMirror", Source::ImapDovecot, "maildir", "delete"},
    {"CyrusJmapArchive", Source::JmapCyrus, "maildir", "keep"},
};

class Churn : public ChurnRun, public ::testing::WithParamInterface<ChurnShape> {};

TEST_P(Churn, EndsWithWhatTheServerHas) {
  churn(GetParam(), 6s);
}

INSTANTIATE_TEST_SUITE_P(Sample, Churn, ::testing::ValuesIn(kUsual),
                         ::testing::PrintToStringParamName());

}  // namespace
}  // namespace mailpipe::test
