#include "config/lint.hpp"
#include "fuzz/target.hpp"
#include "unit/config_test_catalog.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace mailpipe::fuzz {

namespace {

using namespace mailpipe::config;  // NOLINT(google-build-using-namespace): of one file

constexpr const char* kFile = "/fuzz/p.yaml";

void hold_place(const Diagnostic& one, std::string_view text) {
  if (one.file != kFile) {
    return;
  }
  const auto lines = 1 + std::count(text.begin(), text.end(), '\n');
  hold(one.line >= 0 && one.line <= lines, "a diagnostic is about a line of the document");
  hold(one.column >= 0 && one.column <= static_cast<int>(text.size()) + 1,
       "a diagnostic is about a column of the document");
}

void hold_rendered(const LintResult& result) {
  for (const std::string& line :
       split(render(result.diagnostics, result.sources, Format::Human), '\n')) {
    hold(is_printable(line), "what people see is printable");
  }
  for (const std::string& line :
       split(render(result.diagnostics, result.sources, Format::Github), '\n')) {
    hold(is_printable(line), "a workflow command is printable");
  }
  const auto json = nlohmann::json::parse(render(result.diagnostics, result.sources, Format::Json),
                                          nullptr, false);
  hold(json.is_object() && json["diagnostics"].size() == result.diagnostics.size(),
       "the JSON report is JSON, and whole");
}

}  // namespace

/// A pipeline file. A first line "#set a.b=c" stands for --set.
void run(std::string_view octets) {
  static const TestCatalog kCatalog;
  LintOptions options;
  if (octets.starts_with("#set ")) {
    options.overrides.push_back(Input(octets).part().substr(5));
  }
  const LintResult result = load_pipeline_text(octets, kFile, kCatalog, options);
  for (const Diagnostic& one : result.diagnostics) {
    hold_place(one, octets);
    hold(!one.code.empty() && !one.message.empty(), "a diagnostic has a code and a message");
  }
  hold_rendered(result);
  const bool wrong = count(result.diagnostics, Severity::Error) > 0;
  hold((result.exit_code() != 0) == wrong, "the exit code says whether there are errors");
  hold(!wrong || result.pipeline() == nullptr || result.parts.size() > 1,
       "there is no pipeline where there are errors");
}

}  // namespace mailpipe::fuzz
