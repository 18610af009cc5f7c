#include "config/lint.hpp"

#include "config/expansion.hpp"
#include "config/likely_secrets.hpp"
#include "config/overrides.hpp"
#include "config/yaml_document.hpp"

#include <mailpipe/printable.hpp>

#include <sys/stat.h>

#include <algorithm>
#include <tuple>
#include <utility>

namespace mailpipe::config {
namespace {

/// 0, 2 or 5: see LintResult::exit_code().
int code_of(const Findings& findings) {
  bool refused = false;
  for (const Diagnostic& diagnostic : findings) {
    if (diagnostic.severity != Severity::Error) {
      continue;
    }
    if (diagnostic.code != "MP1103" && diagnostic.code != "MP1104") {
      return 2;
    }
    refused = true;
  }
  return refused ? 5 : 0;
}

void make_errors(Findings& findings) {
  for (Diagnostic& finding : findings) {
    finding.severity = Severity::Error;
  }
}

std::string first_error(const Findings& findings) {
  const auto error = std::find_if(findings.begin(), findings.end(), [](const Diagnostic& one) {
    return one.severity == Severity::Error;
  });
  return error == findings.end() ? "the pipeline file has errors" : error->message;
}

/// What several cells share is told once.
void add_new(const Findings& found, Findings& to) {
  for (const Diagnostic& one : found) {
    const auto same = [&](const Diagnostic& other) {
      return std::tie(one.code, one.file, one.line, one.column, one.message) ==
             std::tie(other.code, other.file, other.line, other.column, other.message);
    };
    if (std::none_of(to.begin(), to.end(), same)) {
      to.push_back(one);
    }
  }
}

void check_all(std::string_view text, const std::filesystem::path& file, const Catalog& catalog,
               const LintOptions& options, LintResult& result) {
  Findings& findings = result.diagnostics;
  NodePtr root = parse_yaml(text, file.string(), findings);
  if (root == nullptr) {
    return;
  }
  if (!root->is_map()) {
    add_error(findings, "MP1010", root->mark,
              "a pipeline is a mapping that starts with 'version: 1', got " + describe(*root));
    return;
  }
  root = apply_overrides(root, options.overrides, findings, result.sources);
  std::vector<Expanded> all = expand(root, file, catalog, options.select, findings, result.sources);
  const int file_code = code_of(findings);
  for (Expanded& one : all) {
    if (options.strictness == Strictness::Strict) {
      make_errors(one.findings);
    }
    const int code = file_code != 0 ? file_code : code_of(one.findings);
    add_new(one.findings, findings);
    LintResult::Part& part = result.parts.emplace_back();
    part.name = std::move(one.name);
    part.cell = std::move(one.cell);
    part.exit_code = code;
    if (code == 0) {
      part.pipeline = std::move(one.pipeline);
    } else {
      part.problem = first_error(one.findings);
    }
  }
}

void warn_of_readers(const std::filesystem::path& path, Findings& findings) {
  struct stat status {};

  if (::stat(path.c_str(), &status) != 0 || (status.st_mode & (S_IRWXG | S_IRWXO)) == 0) {
    return;
  }
  for (Diagnostic& finding : findings) {
    if (finding.code == "MP1301") {
      finding.help = "others can read this file: chmod 600 " + printable(path.string());
    }
  }
}

void finish(Strictness strictness, LintResult& result) {
  if (strictness == Strictness::Strict) {
    make_errors(result.diagnostics);
  }
  sort_by_position(result.diagnostics);
  mask_likely_secrets(result.sources);
}

}  // namespace

int LintResult::exit_code() const {
  return code_of(diagnostics);
}

const Pipeline* LintResult::pipeline() const noexcept {
  const auto usable = std::find_if(parts.begin(), parts.end(),
                                   [](const Part& part) { return part.pipeline.has_value(); });
  return usable == parts.end() ? nullptr : &*usable->pipeline;
}

LintResult load_pipeline_text(std::string_view text, const std::filesystem::path& name,
                              const Catalog& catalog, const LintOptions& options) {
  LintResult result;
  result.sources[name.string()] = text;
  check_all(text, name, catalog, options, result);
  finish(options.strictness, result);
  return result;
}

LintResult load_pipeline(const std::filesystem::path& path, const Catalog& catalog,
                         const LintOptions& options) {
  LintResult result;
  result.sources[path.string()];
  if (const auto text = read_source(path, result.diagnostics)) {
    result.sources[path.string()] = *text;
    check_all(*text, path, catalog, options, result);
    warn_of_readers(path, result.diagnostics);
  }
  finish(options.strictness, result);
  return result;
}

}  // namespace mailpipe::config
