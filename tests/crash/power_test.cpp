// The power goes after anything that two runs do to the disk.
#include "crash/power_cut.hpp"

#include <cstdlib>

namespace mailpipe::test {
namespace {

#ifdef MAILPIPE_POWER_FULL
constexpr PowerEffort kEffort{.few = 64, .more = 8, .every = 1};
constexpr PowerEffort kLarge{.few = 1, .more = 12, .every = 97};
#else
constexpr PowerEffort kEffort{.few = 16, .more = 2, .every = 31};
#endif

class Power : public testing::TestWithParam<PowerCase> {};

TEST_P(Power, GoesAtAnyStepAndTheNextRunEndsAsIfItHadNot) {
  PowerEffort effort = kEffort;
  if (const char* every = std::getenv("MAILPIPE_POWER_EVERY"); every != nullptr) {
    effort.every = std::stoul(every);
  }
  PowerCut(GetParam()).try_all(effort);
}

INSTANTIATE_TEST_SUITE_P(
    Small, Power,
    testing::Values(PowerCase{"Eml", {"eml"}}, PowerCase{"EmlDeleting", {"deleting"}},
                    PowerCase{"Sidecars", {"sidecars"}}, PowerCase{"Maildir", {"maildir"}},
                    PowerCase{"MaildirInOneBatch", {"maildir"}, 3, 9}, PowerCase{"Mbox", {"mbox"}},
                    PowerCase{"Mboxes", {"mboxes"}},
                    PowerCase{"Syncfs", {"eml", "maildir"}, 3, 3, "syncfs"}),
    [](const auto& each) { return each.param.name; });

#ifdef MAILPIPE_POWER_FULL

INSTANTIATE_TEST_SUITE_P(AllAtOnce, Power,
                         testing::Values(PowerCase{"Three", {"eml", "maildir", "mbox"}}),
                         [](const auto& each) { return each.param.name; });

// So small that nearly everywhere all ways in which the power may go can be tried.
class PowerInEveryWay : public Power {};

TEST_P(PowerInEveryWay, GoesAtAnyStepAndTheNextRunEndsAsIfItHadNot) {
  PowerCut(GetParam()).try_all({.few = 32'768, .most_sampled = 0.15});
}

INSTANTIATE_TEST_SUITE_P(Smallest, PowerInEveryWay,
                         testing::Values(PowerCase{"Eml", {"eml"}, 3, 1},
                                         PowerCase{"Maildir", {"maildir"}, 3, 1},
                                         PowerCase{"Mbox", {"mbox"}, 3, 1}),
                         [](const auto& each) { return each.param.name; });

class PowerOfLargerRuns : public Power {};

TEST_P(PowerOfLargerRuns, GoesAtSomeStepAndTheNextRunEndsAsIfItHadNot) {
  PowerEffort effort = kLarge;
  effort.seed = std::random_device()();
  PowerCut(GetParam()).try_all(effort);
}

INSTANTIATE_TEST_SUITE_P(Large, PowerOfLargerRuns,
                         testing::Values(PowerCase{"Eml", {"sidecars"}, 50, 20},
                                         PowerCase{"Maildir", {"maildir"}, 50, 20},
                                         PowerCase{"Mboxes", {"mboxes"}, 50, 20},
                                         PowerCase{
                                             "AllAtOnce", {"eml", "maildir", "mbox"}, 50, 20}),
                         [](const auto& each) { return each.param.name; });

#endif

}  // namespace
}  // namespace mailpipe::test
