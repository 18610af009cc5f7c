#include "pipeline_file.hpp"

#include "terminal.hpp"

#include <mailpipe/printable.hpp>

#include <algorithm>

namespace mailpipe::app {

namespace {

void print_as_json(const std::vector<config::Diagnostic>& diagnostics, const Log& log) {
  for (const config::Diagnostic& one : diagnostics) {
    Pairs fields{{"code", one.code},
                 {"file", one.file},
                 {"line", std::to_string(one.line)},
                 {"column", std::to_string(one.column)}};
    if (!one.label.empty()) {
      fields.emplace_back("label", one.label);
    }
    if (!one.help.empty()) {
      fields.emplace_back("help", one.help);
    }
    log.line(one.severity == config::Severity::Error ? LogLevel::Error : LogLevel::Warn, "lint",
             one.message, fields);
  }
}

}  // namespace

void add_select_option(OptionTable& options) {
  options.values("select", "AXIS=VALUE", "only these cells of the matrix, as in account=work,home");
}

std::vector<config::Selection> selections_of(const std::string& command,
                                             const Arguments& arguments) {
  std::vector<config::Selection> out;
  for (const std::string& text : arguments.values("select")) {
    auto selection = config::read_selection(text);
    if (!selection) {
      throw Error(ErrorClass::Config,
                  "mailpipe " + command + ": --select expects AXIS=VALUE, got '" +
                      printable(text, 60) + "'",
                  "as in --select account=work or --select account=work,home");
    }
    out.push_back(std::move(*selection));
  }
  return out;
}

Error several_pipelines(const std::filesystem::path& file, std::size_t count) {
  return {ErrorClass::Config,
          "'" + printable(file.string()) + "' has " + std::to_string(count) +
              " pipelines, and this is for one",
          "choose it by --select AXIS=VALUE"};
}

bool selects_nothing(const config::LintResult& result) {
  return std::any_of(result.diagnostics.begin(), result.diagnostics.end(),
                     [](const config::Diagnostic& one) { return one.code == "MP1028"; });
}

config::LintResult read_pipelines(const std::filesystem::path& file, const plugin::Catalog& catalog,
                                  const config::LintOptions& options, const Log* log) {
  config::LintResult result = config::load_pipeline(file, catalog, options);
  if (log != nullptr && log->form() == Log::Form::Json) {
    print_as_json(result.diagnostics, *log);
  } else if (!result.diagnostics.empty()) {
    Terminal::instance().write(
        config::render(result.diagnostics, result.sources, config::Format::Human));
  }
  return result;
}

std::optional<config::Pipeline> read_pipeline(const std::filesystem::path& file,
                                              const plugin::Catalog& catalog,
                                              const config::LintOptions& options, int& exit_code,
                                              const Log* log) {
  config::LintResult result = read_pipelines(file, catalog, options, log);
  if (result.parts.size() > 1) {
    throw several_pipelines(file, result.parts.size());
  }
  exit_code = result.exit_code();
  return result.parts.empty() ? std::nullopt : std::move(result.parts.front().pipeline);
}

}  // namespace mailpipe::app
