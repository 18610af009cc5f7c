// A minute of each server, each protocol, and each kind of copy. See churn_fixture.hpp.
#include "pipeline/churn_fixture.hpp"

namespace mailpipe::test {
namespace {

using namespace std::chrono_literals;

constexpr ChurnShape kAll[] = {
    {"DovecotMirror", Source::ImapDovecot, "maildir", "delete"},
    {"DovecotArchive", Source::ImapDovecot, "eml", "keep"},
    {"CyrusMirror", Source::ImapCyrus, "maildir", "delete"},
    {"CyrusArchive", Source::ImapCyrus, "maildir", "keep"},
    {"CyrusJmapMirror", Source::JmapCyrus, "maildir", "trash"},
    {"CyrusJmapArchive", Source::JmapCyrus, "maildir", "keep"},
};

class Churn : public ChurnRun, public ::testing::WithParamInterface<ChurnShape> {};

TEST_P(Churn, EndsWithWhatTheServerHas) {
  churn(GetParam(), 60s);
}

INSTANTIATE_TEST_SUITE_P(All, Churn, ::testing::ValuesIn(kAll),
                         ::testing::PrintToStringParamName());

}  // namespace
}  // namespace mailpipe::test
