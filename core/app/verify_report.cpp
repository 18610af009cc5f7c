#include "verify_report.hpp"

#include "figures.hpp"

#include <mailpipe/printable.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <functional>
#include <iostream>

namespace mailpipe::app {

namespace {

using Json = nlohmann::json;
using state::Finding;

constexpr std::size_t kMostInJson = 1000;
constexpr std::array kKinds = {Finding::Kind::Missing, Finding::Kind::Truncated,
                               Finding::Kind::Damaged, Finding::Kind::Unreadable,
                               Finding::Kind::Extra};

const char* name_of(Finding::Kind kind) {
  constexpr std::array kNames = {"missing", "truncated",     "damaged",   "unreadable",
                                 "extra",   "not on server", "not stored"};
  return kNames.at(static_cast<std::size_t>(kind));
}

const char* name_of(Finding::End end) {
  constexpr std::array kNames = {"found", "repaired", "lost", "not repaired"};
  return kNames.at(static_cast<std::size_t>(end));
}

std::string path_of(const VerifyReport& report, const Finding& finding) {
  for (const auto& sink : report.sinks) {
    if (sink.id == finding.sink) {
      return printable(sink.root + "/" + finding.location);
    }
  }
  return printable(finding.location);
}

std::string line_of(const VerifyReport& report, const Finding& finding) {
  constexpr std::size_t kColumn = 14;
  std::string out = name_of(finding.kind);
  out.resize(std::max(out.size() + 1, kColumn), ' ');
  const bool file = !finding.location.empty();
  out += file ? path_of(report, finding) : printable(finding.key);
  out += file && !finding.key.empty() ? "  " + printable(finding.key) : "";
  std::string rest = printable(finding.detail);
  if (finding.end != Finding::End::Found) {
    rest += (rest.empty() ? "" : "; ") + std::string(name_of(finding.end));
    rest += (finding.reason.empty() ? "" : ": ") + printable(finding.reason);
  }
  return out + (rest.empty() ? "" : "  (" + rest + ")") + "\n";
}

std::string summary_of(const run::SinkVerified& sink, state::VerifyBook& book) {
  if (!sink.checked) {
    return "this kind of sink cannot be read: not verified";
  }
  std::string wrong;
  for (const Finding::Kind kind : kKinds) {
    if (const std::uint64_t count = book.count(kind, sink.id); count != 0) {
      wrong += (wrong.empty() ? "" : ", ") + grouped(count) + " " + name_of(kind);
    }
  }
  std::string out = grouped(sink.copies) + (sink.copies == 1 ? " copy, " : " copies, ") +
                    octets(sink.bytes) + ": " + (wrong.empty() ? "all well" : wrong);
  if (sink.others != 0) {
    out +=
        "; " + grouped(sink.others) + (sink.others == 1 ? " message" : " messages") + " of others";
  }
  if (sink.lacking != 0) {
    out += "; " + grouped(sink.lacking) + " not stored here yet";
  }
  return out;
}

bool is_any_repairable(const VerifyReport& report, state::VerifyBook& book) {
  return std::any_of(report.sinks.begin(), report.sinks.end(), [&](const run::SinkVerified& sink) {
    return sink.repairable &&
           std::any_of(kKinds.begin(), kKinds.end() - 1,  // what is extra stays
                       [&](Finding::Kind kind) { return book.count(kind, sink.id) > 0; });
  });
}

}  // namespace

void print(const VerifyReport& report, state::VerifyBook& book) {
  book.for_each([&](const Finding& finding) { std::cout << line_of(report, finding); });
  for (const auto& sink : report.sinks) {
    std::cout << printable(report.pipeline) << ": sink " << printable(sink.id) << ": "
              << summary_of(sink, book) << "\n";
  }
  if (report.server) {
    std::cout << printable(report.pipeline)
              << ": server: " << grouped(book.count(Finding::Kind::NotStored, ""))
              << " not stored yet, " << grouped(book.count(Finding::Kind::NotOnServer, ""))
              << " stored and no longer there\n";
  }
  if (!report.repair && is_any_repairable(report, book)) {
    std::cout << printable(report.pipeline)
              << ": 'mailpipe verify --repair' moves damaged files aside and fetches them again\n";
  }
  if (report.repair) {
    std::cout << printable(report.pipeline)
              << ": repair: " << grouped(book.count(Finding::End::Repaired)) << " repaired, "
              << grouped(book.count(Finding::End::Lost)) << " lost, "
              << grouped(book.count(Finding::End::Failed)) << " not repaired\n";
  }
}

Json to_json(const VerifyReport& report, state::VerifyBook& book, int exit_code) {
  Json out{{"pipeline", printable(report.pipeline)},
           {"repair", report.repair},
           {"sinks", Json::array()},
           {"findings", Json::array()},
           {"exit_code", exit_code}};
  for (const auto& sink : report.sinks) {
    Json one{{"id", printable(sink.id)}, {"verified", sink.checked}, {"copies", sink.copies},
             {"bytes", sink.bytes},      {"others", sink.others},    {"not_stored", sink.lacking}};
    for (const Finding::Kind kind : kKinds) {
      one[name_of(kind)] = book.count(kind, sink.id);
    }
    out["sinks"].push_back(std::move(one));
  }
  if (report.server) {
    out["server"] = {{"not_stored", book.count(Finding::Kind::NotStored, "")},
                     {"not_on_server", book.count(Finding::Kind::NotOnServer, "")}};
  }
  for (const Finding::End end :
       {Finding::End::Repaired, Finding::End::Lost, Finding::End::Failed}) {
    out["ends"][name_of(end)] = book.count(end);
  }
  std::uint64_t more = 0;
  book.for_each([&](const Finding& finding) {
    if (out["findings"].size() >= kMostInJson) {
      ++more;
      return;
    }
    Json one{{"kind", name_of(finding.kind)}, {"end", name_of(finding.end)}};
    for (const auto& [name, value] :
         {std::pair{"sink", finding.sink}, std::pair{"key", finding.key},
          std::pair{"detail", finding.detail}, std::pair{"reason", finding.reason}}) {
      if (!value.empty()) {
        one[name] = printable(value);
      }
    }
    if (!finding.location.empty()) {
      one["path"] = path_of(report, finding);
    }
    out["findings"].push_back(std::move(one));
  });
  out["more_findings"] = more;
  return out;
}

std::string progress_line(const std::string& sink, std::uint64_t done, std::uint64_t of) {
  return "verifying " + printable(sink, 60) + ": " +
         (of == 0 ? grouped(done) + " files read"
                  : grouped(done) + " of " + grouped(of) + " copies compared");
}

}  // namespace mailpipe::app
