#include "summary.hpp"

#include "figures.hpp"
#include "run/exit_code.hpp"

#include <mailpipe/printable.hpp>

#include <algorithm>
#include <map>
#include <vector>

namespace mailpipe::app {

namespace {

/// So many quarantined and gone messages are named; the report has more.
constexpr std::size_t kNamed = 20;

/// "3 held, 1 gone": only what is not zero.
class Parts {
 public:
  void add(std::uint64_t count, const std::string& what) {
    if (count != 0) {
      text_ += (text_.empty() ? "" : ", ") + grouped(count) + " " + what;
    }
  }

  const std::string& text() const noexcept { return text_; }

 private:
  std::string text_;
};

bool nothing_new(const run::RunReport& report) {
  const run::Counts& n = report.counts;
  return n.out() == n.known && report.errors.empty() &&
         std::all_of(report.sinks.begin(), report.sinks.end(), [](const run::SinkReport& sink) {
           return sink.stored == 0 && sink.adopted == 0 && sink.left_alone == 0 &&
                  sink.error.empty();
         });
}

/// An error of single messages, or of the guard, comes at the end of a whole run.
bool stopped(const run::RunReport& report) {
  return std::any_of(report.errors.begin(), report.errors.end(),
                     [](const auto& error) { return error.error_class != ErrorClass::Item; });
}

/// What was in flight or waiting then is counted as not finished; thousands of names say no more.
bool interrupted(const run::RunReport& report) {
  return report.exit_code == run::kInterrupted || report.exit_code == run::kTerminated;
}

std::string head(const run::RunReport& report) {
  const run::Counts& n = report.counts;
  const std::string name = printable(report.pipeline) + (report.dry_run ? " (dry run)" : "") + ": ";
  const std::string time = " in " + duration(report.seconds) + "\n";
  if (nothing_new(report)) {
    Parts waiting;
    waiting.add(report.held, "held");
    waiting.add(report.quarantined, "quarantined");
    return name + "nothing new" +
           (waiting.text().empty() ? "" : " (" + waiting.text() + " from earlier runs)") + time;
  }
  Parts parts;
  parts.add(n.listed, "listed");
  parts.add(n.reoffered, "offered again");
  parts.add(n.removed, "removed at the source");
  parts.add(n.known, "known");
  parts.add(n.updated, "updated");
  const std::string bytes =
      report.fetched_bytes == 0 ? "" : " (" + octets(report.fetched_bytes) + ")";
  parts.add(n.stored, (report.dry_run ? "to be stored" : "stored") + bytes);
  parts.add(n.filtered, "filtered");
  parts.add(n.held, "held");
  parts.add(n.deduped, "duplicates");
  parts.add(n.gone, "gone");
  parts.add(n.quarantined, "quarantined");
  parts.add(n.failed, "not finished");
  if (parts.text().empty()) {
    return name + (stopped(report) ? "stopped before the first message" : "nothing new") + time;
  }
  return name + (stopped(report) || interrupted(report) ? "stopped early: " : "") + parts.text() +
         time;
}

std::string sink_line(const run::SinkReport& sink) {
  Parts parts;
  parts.add(sink.stored, "stored");
  parts.add(sink.adopted, "adopted");
  parts.add(sink.caught_up, "caught up");
  parts.add(sink.linked, "linked");
  parts.add(sink.updated, "changed");
  parts.add(sink.removed, "removed");
  parts.add(sink.owed, "still owed");
  parts.add(sink.left_alone, "belonging to no message left alone");
  std::string out = "  sink " + printable(sink.id) + ": " +
                    (parts.text().empty() ? "nothing stored" : parts.text());
  if (sink.bytes != 0) {
    out += ", " + octets(sink.bytes);
  }
  if (!sink.error.empty()) {
    out += std::string("; ") + (sink.required ? "" : "off until the next run: ") +
           printable(sink.error);
  }
  return out + "\n";
}

/// Only sinks that tell more than the first line does.
std::string sink_lines(const run::RunReport& report) {
  std::string out;
  for (const run::SinkReport& sink : report.sinks) {
    if (report.sinks.size() > 1 || sink.adopted != 0 || sink.left_alone != 0 ||
        sink.caught_up != 0 || sink.linked + sink.updated + sink.removed + sink.owed != 0 ||
        !sink.error.empty()) {
      out += sink_line(sink);
    }
  }
  return out;
}

std::string item_lines(const run::RunReport& report) {
  std::string out;
  const bool early = stopped(report) || interrupted(report);
  std::size_t worth_naming = 0;
  for (const run::ItemReport& item : report.items) {
    if (early && item.state == "failed") {
      continue;
    }
    if (++worth_naming <= kNamed) {
      out += "  " + printable(item.state) + ": " + printable(item.key, 200) +
             (item.reason.empty() ? "" : ": " + printable(item.reason, 300)) + "\n";
    }
  }
  const std::uint64_t more =
      worth_naming - std::min(worth_naming, kNamed) + (early ? 0 : report.more_items);
  if (more != 0) {
    out += "  ... and " + grouped(more) + " more; --report FILE writes them down\n";
  }
  if (report.quarantined != 0 && !nothing_new(report)) {
    out +=
        "  " + grouped(report.quarantined) + " quarantined in all; every run offers them again\n";
  }
  return out;
}

}  // namespace

std::string summary(const run::RunReport& report) {
  std::string out = head(report);
  for (const auto& [reason, count] : report.filtered_by) {
    out += "  filtered: " + grouped(count) + " by " + printable(reason) + "\n";
  }
  return out + sink_lines(report) + item_lines(report);
}

std::string error_lines(const run::RunReport& report, bool named) {
  std::string out;
  for (const run::ErrorReport& error : report.errors) {
    out += "error: " + (named ? printable(report.pipeline) + ": " : "") +
           (error.component.empty() ? "" : printable(error.component) + ": ") +
           printable(error.what, 2000) + "\n";
    if (!error.hint.empty()) {
      out += "   = help: " + printable(error.hint, 2000) + "\n";
    }
  }
  return out;
}

}  // namespace mailpipe::app
