#pragma once

#include <mailpipe/error.hpp>

#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace mailpipe::run {

/// What became of the keys of one stream in one run. A key counts once: by the first of reoffered, listed, removed that
/// brings it up, and by the one state that it ended in.
struct Counts {
  std::uint64_t listed = 0, removed = 0, reoffered = 0;
  std::uint64_t known = 0, updated = 0, filtered = 0, held = 0, deduped = 0, stored = 0,
                quarantined = 0, gone = 0, failed = 0;

  std::uint64_t in() const noexcept { return listed + removed + reoffered; }

  std::uint64_t out() const noexcept {
    return known + updated + filtered + held + deduped + stored + quarantined + gone + failed;
  }

  bool adds_up() const noexcept { return in() == out(); }

  Counts& operator+=(const Counts& other) noexcept;
  friend bool operator==(const Counts&, const Counts&) = default;
};

struct StreamReport {
  std::string name, label;
  Counts counts;
};

struct SinkReport {
  std::string id;
  bool required = true;
  std::uint64_t stored = 0;      ///< receipts written in this run
  std::uint64_t adopted = 0;     ///< files found in place and taken over
  std::uint64_t left_alone = 0;  ///< files found in place that belong to no message on the server
  std::uint64_t caught_up = 0;   ///< of the stored: messages that only this sink lacked
  std::uint64_t bytes = 0;
  std::uint64_t linked = 0, updated = 0,
                removed = 0;  ///< places: added by a link, changed, taken away
  std::uint64_t owed = 0;     ///< messages whose copies here are not yet what the ledger says
  std::string error;          ///< why it left the run, or empty
};

/// A message that did not end well, or that vanished; for the list at the end of the run.
struct ItemReport {
  std::string key, state, reason;
};

/// One error of the run as a whole.
struct ErrorReport {
  ErrorClass error_class = ErrorClass::Internal;
  std::string what, hint;
  std::string component;  ///< "source 'jmap'", "sink 'eml'", "ledger", ...
  Error::Details details;
};

/// The outcome of one run: what `--report` writes and what the last lines on the terminal say.
struct RunReport {
  std::string pipeline;
  std::uint64_t run = 0;  ///< number in the ledger
  bool dry_run = false;
  std::chrono::sys_seconds started{}, ended{};
  double seconds = 0;
  Counts counts;
  std::vector<StreamReport> streams;
  std::vector<SinkReport> sinks;
  std::map<std::string, std::uint64_t> filtered_by;  ///< "window: before-first-run" -> count
  std::map<std::string, std::uint64_t>
      counters;  ///< "source.http_requests" -> count, from components and engine
  std::uint64_t fetched_bytes = 0;
  std::uint64_t held =
      0;  ///< messages that the ledger holds back at the end, of this run or an earlier one
  std::uint64_t quarantined = 0;  ///< likewise quarantined
  std::vector<ItemReport> items;  ///< quarantined, failed, gone; at most kMaxItems
  std::uint64_t more_items = 0;   ///< how many of these did not fit
  std::vector<ErrorReport> errors;
  int exit_code = 0;

  static constexpr std::size_t kMaxItems = 1000;
};

/// The JSON of `--report`: foreign text made printable, no secrets.
nlohmann::json to_json(const RunReport& report);

}  // namespace mailpipe::run
