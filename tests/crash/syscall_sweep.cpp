#include "crash/syscall_sweep.hpp"

#include "crash/syscall_claims.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <iostream>
#include <sstream>
#include <utility>

namespace mailpipe::test {
namespace {

constexpr std::size_t kMostBlamed = 5;
constexpr std::size_t kRunsOfAServer = 400;

std::string text(const Fault& fault) {
  std::string out = fault.call + " number " + std::to_string(fault.nth) +
                    (fault.ours_only ? " of ours" : "") +
                    (fault.lasts ? " and all later ones" : "");
  switch (fault.kind) {
    case Fault::Kind::Kill:
      return "killed at " + out;
    case Fault::Kind::Short:
      return "half of " + out;
    case Fault::Kind::Error:
      return std::string(strerrorname_np(fault.error)) + " from " + out;
  }
  return out;
}

bool is_sync(const std::string& call) {
  return call == "fsync" || call == "fdatasync" || call == "syncfs";
}

/// What a run may end with where an error of the disk reached it; 0 where it could do without that call.
bool fits(int error, int exit_code) {
  switch (error) {
    case ENOSPC:
    case EDQUOT:
      return exit_code == 0 || exit_code == 6;
    case EMFILE:
      return exit_code == 0 || exit_code == 75 || exit_code == 1;
    default:
      return exit_code == 0 || exit_code == 1;
  }
}

/// So many of `count`, the first and the last among them.
std::vector<std::size_t> spread(std::size_t count, std::size_t of_each) {
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < std::min(count, of_each); ++i) {
    out.push_back(count <= of_each || of_each == 1 ? 1 + i : 1 + i * (count - 1) / (of_each - 1));
  }
  return out;
}

}  // namespace

SyscallSweep::SyscallSweep(SyscallShape shape) : pipeline_(std::move(shape)), oracle_(pipeline_) {}

SyscallSweep::~SyscallSweep() {
  std::cout << pipeline_.shape().name() << ":";
  std::size_t all = 0;
  std::size_t ours = 0;
  for (const auto& [call, count] : counts_) {
    std::cout << " " << call << " " << count.fired;
    all += count.fired;
    ours += count.ours;
  }
  std::cout << "; " << all << " fired, " << ours << " of them at files of ours\n";
  for (const auto& [end, count] : ends_) {
    std::cout << "  " << count << " x " << end << "\n";
  }
}

bool SyscallSweep::enough() const {
  return blamed_ >= kMostBlamed;
}

// At files of ours: the others change nothing on the disk, and a kill there leaves what one at our next call leaves.
void SyscallSweep::kill(std::size_t of_each) {
  for (const char* call : kDiskCalls) {
    const std::size_t before = counts_[call].ours;
    sweep({.call = call}, of_each);
    expect_enough(call, of_each, counts_[call].ours - before);
  }
}

void SyscallSweep::fail(const std::string& calls, Fault fault, std::size_t of_each) {
  std::istringstream names(calls);
  while (names >> fault.call) {
    sweep(fault, of_each);
  }
}

// A run makes the calls that an undisturbed one makes, give or take those that depend on how batches fall.
void SyscallSweep::expect_enough(const std::string& call, std::size_t of_each, std::size_t fired) {
  const auto known = oracle_.undisturbed().ours_of.find(call);
  const std::size_t count = known == oracle_.undisturbed().ours_of.end() ? 0 : known->second;
  const std::size_t wanted = of_each == kOurs ? count - count / 10 : std::min(count, of_each);
  EXPECT_TRUE(enough() || fired + 1 >= wanted)
      << pipeline_.shape().name() << ": of " << count << " calls of " << call << " only " << fired;
}

// Each time another one of the calls, so that neither the first nor the last is always the one.
void SyscallSweep::fail_somewhere() {
  constexpr std::array kErrors = {EIO, ENOSPC, EDQUOT};
  std::size_t turn = 0;
  for (const auto& [call, count] : oracle_.undisturbed().ours_of) {
    const bool moves = call.starts_with("rename") || call.starts_with("link");
    const int error = moves && turn % 2 == 0 ? EXDEV : kErrors.at(turn % kErrors.size());
    if (count > 0 && !enough()) {
      disturb({.call = call,
               .nth = 1 + turn * 7 % count,
               .kind = Fault::Kind::Error,
               .error = error,
               .lasts = turn % 2 == 1,
               .ours_only = true});
    }
    ++turn;
  }
}

void SyscallSweep::sweep(Fault fault, std::size_t of_each) {
  fault.ours_only = of_each != kAll;
  if (of_each == kAll || of_each == kOurs) {
    for (fault.nth = 1; !enough() && disturb(fault); ++fault.nth) {
    }
    return;
  }
  const auto known = oracle_.undisturbed().ours_of.find(fault.call);
  const std::size_t count = known == oracle_.undisturbed().ours_of.end() ? 0 : known->second;
  for (const std::size_t nth : spread(count, of_each)) {
    if (!enough()) {
      fault.nth = nth;
      disturb(fault);
    }
  }
}

bool SyscallSweep::disturb(const Fault& fault) {
  if (++runs_ % kRunsOfAServer == 0) {
    pipeline_.renew();
  }
  pipeline_.reset();
  LedgerText before;
  std::function<void()> look;
  if (fault.kind == Fault::Kind::Error && is_sync(fault.call)) {
    look = [&] { before = LedgerText::read(pipeline_.state()); };
  }
  const TracedEnd end = pipeline_.run(fault, look);
  if (end.fired) {
    ++counts_[fault.call].fired;
    counts_[fault.call].ours += end.ours ? 1 : 0;
  }
  const LedgerText after = LedgerText::read(pipeline_.state());
  for (const std::string& wrong : oracle_.at_once(after)) {
    blame(fault, end, wrong);
  }
  if (fault.kind != Fault::Kind::Kill) {
    judge_error(fault, end, before, after);
    judge_success(fault, end);
  } else if (end.exit_code != (end.fired ? 128 + SIGKILL : 0)) {
    blame(fault, end, "ended with " + std::to_string(end.exit_code));
  }
  const TracedEnd next = pipeline_.run();
  if (next.exit_code != 0) {
    blame(fault, end,
          "the next run ended with " + std::to_string(next.exit_code) + ": " + next.err);
  }
  for (const std::string& wrong : oracle_.in_the_end(fault.error == EXDEV)) {
    blame(fault, end, "after the next run " + wrong);
  }
  return end.fired;
}

void SyscallSweep::judge_error(const Fault& fault, const TracedEnd& end, const LedgerText& before,
                               const LedgerText& after) {
  if (std::getenv("MAILPIPE_SYSCALL_ENDS") != nullptr) {
    ++ends_[text(fault) + " " + end.call + " -> " + std::to_string(end.exit_code) + "\n" + end.err];
  }
  if (end.exit_code >= 126) {
    blame(fault, end, "ended with " + std::to_string(end.exit_code));
  }
  if (end.exit_code != 0 && end.err.empty()) {
    blame(fault, end, "said nothing");
  }
  const bool at_ledger = end.call.find("/state/ledger.db") != std::string::npos;
  if (fault.kind == Fault::Kind::Error && end.ours) {
    judge_words(fault, end, at_ledger);
  }
  // The ledger's, too: only what its close syncs once more was synced before.
  const bool of_a_commit = end.call.find("/state/ledger.db-wal") != std::string::npos;
  if (is_sync(fault.call) && end.fired && of_a_commit && end.exit_code == 0 &&
      after.rows != before.rows) {
    blame(fault, end, "a sync of the ledger failed and the run went on");
  }
  // What a sync of a sink was for must not be claimed.
  const bool of_a_sink = end.ours && end.call.find("/state") == std::string::npos;
  if (is_sync(fault.call) && end.fired && of_a_sink) {
    if (end.exit_code == 0) {
      blame(fault, end, "a sync failed and the run ended well");
    }
    for (const std::string& key : claimed_in_vain(end.call, before, after)) {
      blame(fault, end, key + " is called stored after the sync failed");
    }
  }
}

// A run that ended well did all that it was to do. What it could not take away at its end is no loss: the next one does.
void SyscallSweep::judge_success(const Fault& fault, const TracedEnd& end) {
  if (end.exit_code != 0) {
    return;
  }
  for (const std::string& wrong : oracle_.in_the_end(fault.error == EXDEV)) {
    if (!wrong.starts_with("the folder has ")) {
      blame(fault, end, "ended well, and " + wrong);
    }
  }
}

void SyscallSweep::judge_words(const Fault& fault, const TracedEnd& end, bool at_ledger) {
  const auto told = [&](const char* word) { return end.err.find(word) != std::string::npos; };
  // SQLite forgets why it could not open a file.
  const bool forgot = at_ledger && fault.call == "openat" && end.exit_code == 1;
  const bool refused = end.exit_code == 2 && told("MP1001");  // the pipeline file cannot be read
  if (!forgot && !refused && !fits(fault.error, end.exit_code)) {
    blame(fault, end, "ended with " + std::to_string(end.exit_code));
  }
  const bool of_ledger = at_ledger || fault.lasts;  // a disk that stays full may be both
  const bool of_sink = !at_ledger || fault.lasts;
  const bool told_one =
      (of_ledger && told("the ledger '")) || (of_sink && told(strerrordesc_np(fault.error)));
  if (end.exit_code != 0 && !told_one) {
    blame(fault, end, "does not say what was wrong");
  }
}

void SyscallSweep::blame(const Fault& fault, const TracedEnd& end, const std::string& what) {
  ++blamed_;
  ADD_FAILURE() << pipeline_.shape().name() << ", " << text(fault) << " (" << end.call
                << "): " << what << "\nexit " << end.exit_code << "\n"
                << end.err;
}

}  // namespace mailpipe::test
