#include "total.hpp"

#include "figures.hpp"
#include "run/exit_code.hpp"

#include <mailpipe/printable.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>

namespace mailpipe::app {

namespace {

using run::RunReport;

struct Column {
  const char* title;
  std::uint64_t (*number)(const RunReport&);
  bool always;  ///< else only where some run has a number in it
};

constexpr Column kColumns[] = {
    {"stored", [](const RunReport& r) { return r.counts.stored; }, true},
    {"known", [](const RunReport& r) { return r.counts.known + r.counts.updated; }, true},
    {"filtered", [](const RunReport& r) { return r.counts.filtered; }, true},
    {"duplicates", [](const RunReport& r) { return r.counts.deduped; }, false},
    {"held", [](const RunReport& r) { return r.counts.held; }, true},
    {"gone", [](const RunReport& r) { return r.counts.gone; }, false},
    {"quarantined", [](const RunReport& r) { return r.counts.quarantined; }, false},
    {"failed", [](const RunReport& r) { return r.counts.failed; }, true},
};

using Line = std::vector<std::string>;

RunReport sum_of(const std::vector<RunReport>& reports) {
  RunReport sum;
  for (const RunReport& one : reports) {
    sum.counts += one.counts;
    sum.fetched_bytes += one.fetched_bytes;
    sum.held += one.held;
    sum.quarantined += one.quarantined;
  }
  sum.exit_code = worst_of(reports);
  return sum;
}

/// Why a run did not end well, in a few words; its whole errors were printed when it ended.
std::string why(const RunReport& report) {
  constexpr std::size_t kLongest = 100;
  if (report.exit_code == run::kOk) {
    return {};
  }
  if (!report.errors.empty()) {
    return printable(report.errors.front().what, kLongest);
  }
  return report.quarantined != 0 ? grouped(report.quarantined) + " quarantined" : "stopped";
}

Line line_of(const RunReport& report, const std::vector<Column>& columns, const std::string& name,
             const std::string& remark) {
  Line line{name};
  for (const Column& column : columns) {
    line.push_back(grouped(column.number(report)));
  }
  line.push_back(std::to_string(report.exit_code));
  line.push_back(remark);
  return line;
}

/// Names to the left, numbers to the right, the remark as long as it is.
std::string aligned(const std::vector<Line>& lines) {
  std::vector<std::size_t> widths(lines.front().size());
  for (const Line& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) {
      widths[i] = std::max(widths[i], line[i].size());
    }
  }
  std::string out;
  for (const Line& line : lines) {
    std::string text = line.front() + std::string(widths.front() - line.front().size(), ' ');
    for (std::size_t i = 1; i + 1 < line.size(); ++i) {
      text += "  " + std::string(widths[i] - line[i].size(), ' ') + line[i];
    }
    out += text + (line.back().empty() ? "" : "  " + line.back()) + "\n";
  }
  return out;
}

std::size_t failed_runs(const std::vector<RunReport>& reports) {
  return static_cast<std::size_t>(
      std::count_if(reports.begin(), reports.end(),
                    [](const RunReport& one) { return one.exit_code != run::kOk; }));
}

}  // namespace

int worst_of(const std::vector<RunReport>& reports) {
  int code = run::kOk;
  for (const RunReport& one : reports) {
    code = run::worst(code, one.exit_code);
  }
  return code;
}

std::string total_table(const std::vector<RunReport>& reports) {
  const RunReport sum = sum_of(reports);
  std::vector<Column> columns;
  std::copy_if(std::begin(kColumns), std::end(kColumns), std::back_inserter(columns),
               [&](const Column& one) { return one.always || one.number(sum) != 0; });
  std::vector<Line> lines{{""}};
  for (const Column& column : columns) {
    lines.front().emplace_back(column.title);
  }
  lines.front().insert(lines.front().end(), {"exit", ""});
  for (const RunReport& one : reports) {
    lines.push_back(line_of(one, columns, printable(one.pipeline, 60), why(one)));
  }
  const std::size_t failed = failed_runs(reports);
  const std::string all = std::to_string(reports.size());
  lines.push_back(line_of(sum, columns, "total",
                          failed == 0
                              ? "all " + all + " went well"
                              : std::to_string(failed) + " of " + all + " did not end well"));
  return "\n" + aligned(lines);
}

nlohmann::json total_json(const std::vector<RunReport>& reports) {
  const nlohmann::json sum = run::to_json(sum_of(reports));
  nlohmann::json out{{"runs", reports.size()}, {"failed_runs", failed_runs(reports)}};
  for (const char* name : {"counts", "bytes", "held", "quarantined"}) {
    out[name] = sum.at(name);
  }
  return out;
}

}  // namespace mailpipe::app
