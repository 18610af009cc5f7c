// bench-dedup fill|look-up FOLDER FINGERPRINTS: what a look-up of the dedup filter costs in a ledger that has that many.
// For scripts/bench. Two processes, so that the memory of the second is that of looking up.
#include "dedup_filter.hpp"
#include "fs/posix_fs.hpp"
#include "run/component_host.hpp"
#include "state/ledger.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>

namespace mailpipe {
namespace {

using Clock = std::chrono::steady_clock;

/// A digest that stands for message `number`.
Digest digest_of(std::uint64_t number) {
  Digest digest{};
  for (std::size_t i = 0; i < digest.size(); ++i) {
    if (i % sizeof(number) == 0) {  // splitmix64
      number += 0x9E3779B97F4A7C15U;
      std::uint64_t mixed = number;
      mixed = (mixed ^ (mixed >> 30U)) * 0xBF58476D1CE4E5B9U;
      mixed = (mixed ^ (mixed >> 27U)) * 0x94D049BB133111EBU;
      number = mixed ^ (mixed >> 31U);
    }
    digest[i] = static_cast<std::uint8_t>(number >> (8 * (i % sizeof(number))));
  }
  return digest;
}

Body body_of(std::uint64_t number) {
  mp_body view{};
  view.struct_size = sizeof(view);
  view.data = "";
  view.fd = -1;
  const Digest digest = digest_of(number);
  std::copy(digest.begin(), digest.end(), std::begin(view.sha256));
  return Body(view);
}

std::string name_of(std::uint64_t number) {
  const Digest digest = digest_of(number);
  return "c" + std::string(digest.begin(), digest.end());
}

std::string key_of(std::uint64_t number) {
  return "imap:" + std::to_string(number / 10'000) + ":1700000000:" + std::to_string(number);
}

state::Row stored(std::uint64_t number) {
  state::Row row;
  row.state = state::RowState::Stored;
  row.item.key = key_of(number);
  row.item.stream = number / 10'000;
  row.item.ref = std::to_string(number);
  row.item.size = 10'000;
  row.item.received_at = std::chrono::sys_seconds(std::chrono::seconds(1'700'000'000));
  row.item.places = {{.id = "1", .path = {}, .role = {}}};
  row.item.keywords = {"$seen"};
  row.digest = row.header_digest = digest_of(number);
  return row;
}

std::uint64_t read_calls() {
  std::ifstream io("/proc/self/io");
  std::string name;
  std::uint64_t number = 0;
  while (io >> name >> number) {
    if (name == "syscr:") {
      return number;
    }
  }
  return 0;
}

/// Processor time of this process, which other programs on the machine do not make longer by as much.
double cpu_us() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
}

double peak_mib() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

/// The filter on a ledger, as a run has it.
class Bench {
 public:
  Bench(const std::filesystem::path& folder, std::uint64_t count)
      : ledger_(state::Ledger::file_in(folder), "bench", state::Ledger::Open::Create),
        count_(count) {}

  void fill() {
    for (std::uint64_t i = 0; i < count_; ++i) {
      ledger_.insert(stored(i));
      judge(i, key_of(i));
      if (i % 1000 == 999) {
        ledger_.commit();
      }
    }
    ledger_.commit();
  }

  enum class Messages { New, InOrder, AnyOrder };

  /// Judges messages: new ones, which are not written down, or duplicates of what there is.
  void look_up(const char* what, Messages messages) {
    constexpr std::uint64_t kLookUps = 200'000;
    const std::uint64_t step = messages == Messages::InOrder ? 1 : 7'368'787;
    std::array<double, 5> rounds{};
    std::uint64_t next = 0;
    ledger_.set_meta("bench", what);  // a run is within a transaction wherever it judges messages
    const std::uint64_t reads = read_calls();
    const double cpu = cpu_us();
    for (double& round : rounds) {
      const auto start = Clock::now();
      for (std::uint64_t i = 0; i < kLookUps; ++i) {
        next = (next + step) % count_;
        expect(messages == Messages::New ? !host_.get(name_of(count_ + next))
                                         : judge(next, "another") == Verdict::Kind::Duplicate);
      }
      round = std::chrono::duration<double, std::micro>(Clock::now() - start).count() / kLookUps;
    }
    std::sort(rounds.begin(), rounds.end());
    const double all = static_cast<double>(kLookUps) * rounds.size();
    std::printf("  %-32s%6.2f us (%.2f to %.2f), CPU %.2f us, %.2f reads\n", what,
                rounds[rounds.size() / 2], rounds.front(), rounds.back(), (cpu_us() - cpu) / all,
                static_cast<double>(read_calls() - reads) / all);
  }

 private:
  static void expect(bool so) {
    if (!so) {
      std::fputs("bench-dedup: a look-up did not find what is there\n", stderr);
      std::exit(1);
    }
  }

  Verdict::Kind judge(std::uint64_t number, std::string key) {
    const Body body = body_of(number);
    item_.key = std::move(key);
    return filter_.judge(item_, &body).kind;
  }

  PosixFs fs_;
  run::Cancellation cancellation_;
  run::Progress progress_;
  run::Runner::Services services_{fs_, cancellation_, progress_, {}, {}, {}};
  state::Ledger ledger_;
  run::RunAccess access_{&ledger_, {}};
  run::ComponentHost host_{"filter:dedup", services_, {}, access_};
  dedup::DedupFilter filter_{Options(R"({"by":"content","on_duplicate":"drop"})"), host_};
  Item item_;
  std::uint64_t count_;
};

int bench(const std::string& what, const std::filesystem::path& folder, std::uint64_t count) {
  const double before = peak_mib();
  Bench ledger(folder, count);
  if (what == "fill") {
    ledger.fill();
    return 0;
  }
  std::printf("dedup among %llu fingerprints, ledger of %.1f MiB; medians of 5 rounds\n\n",
              static_cast<unsigned long long>(count),
              static_cast<double>(std::filesystem::file_size(state::Ledger::file_in(folder))) /
                  (1U << 20U));
  ledger.look_up("a new message", Bench::Messages::New);
  ledger.look_up("a mailbox of duplicates", Bench::Messages::InOrder);
  ledger.look_up("duplicates of any mailbox", Bench::Messages::AnyOrder);
  std::printf("  peak memory %.1f MiB, %.1f MiB more than before the ledger was open\n", peak_mib(),
              peak_mib() - before);
  return 0;
}

}  // namespace
}  // namespace mailpipe

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fputs("usage: bench-dedup fill|look-up FOLDER FINGERPRINTS\n", stderr);
    return 2;
  }
  return mailpipe::bench(argv[1], argv[2], std::strtoull(argv[3], nullptr, 10));
}
