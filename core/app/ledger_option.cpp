#include "ledger_option.hpp"

#include "assembly.hpp"
#include "pipeline_file.hpp"
#include "plugin/search_path.hpp"

#include <mailpipe/error.hpp>

namespace mailpipe::app {

namespace {

void check_operands(const std::string& command, const Arguments& arguments, std::size_t index) {
  const bool has_file = arguments.operands().size() == index + 1;
  if (arguments.operands().size() > index + 1 || (!has_file && !arguments.has("state"))) {
    throw Error(ErrorClass::Config,
                "mailpipe " + command + ": one pipeline file or --state DIR is needed",
                "mailpipe " + command + " --help");
  }
}

/// `pipeline`: the name that the ledger must have; empty: any.
FoundLedger open_in(const std::filesystem::path& dir, const std::string& pipeline) {
  FoundLedger out{pipeline.empty() ? dir.filename().string() : pipeline, dir, nullptr};
  const std::filesystem::path file = state::Ledger::file_in(out.dir);
  if (std::filesystem::exists(file)) {
    out.ledger = std::make_unique<state::Ledger>(file, pipeline, state::Ledger::Open::Look);
    out.name = out.ledger->meta("pipeline").value_or(out.name);
  }
  return out;
}

/// `only_one`: more than one pipeline in the file is an error.
std::vector<FoundLedger> find_all(const std::string& command, const Arguments& arguments,
                                  std::size_t index, bool only_one) {
  check_operands(command, arguments, index);
  std::vector<FoundLedger> out;
  if (arguments.operands().size() == index) {
    const std::string dir = arguments.value("state");
    out.push_back(open_in(std::filesystem::absolute(dir).lexically_normal(), ""));
    return out;
  }
  const plugin::Catalog catalog(plugin::search_path(arguments.values("plugin-dir")));
  const config::LintResult file = read_pipelines(arguments.operands()[index], catalog,
                                                 {.select = selections_of(command, arguments)});
  if (only_one && file.parts.size() > 1) {
    throw several_pipelines(arguments.operands()[index], file.parts.size());
  }
  for (const config::LintResult::Part& part : file.parts) {
    if (part.pipeline) {
      out.push_back(
          open_in(state_dir_of(*part.pipeline, arguments.value("state")), part.pipeline->name));
    }
  }
  if (out.empty()) {
    throw Error(ErrorClass::Config, "the pipeline file has errors",
                "--state DIR works without the file");
  }
  if (out.size() > 1 && arguments.has("state")) {
    throw Error(ErrorClass::Config, "mailpipe " + command + ": --state is for one pipeline",
                "leave the file or --state out");
  }
  return out;
}

}  // namespace

std::vector<FoundLedger> find_ledgers(const std::string& command, const Arguments& arguments,
                                      std::size_t index) {
  return find_all(command, arguments, index, false);
}

FoundLedger find_ledger(const std::string& command, const Arguments& arguments, std::size_t index) {
  return std::move(find_all(command, arguments, index, true).front());
}

config::Pipeline pipeline_of(const std::string& file, const plugin::Catalog& catalog,
                             const std::vector<config::Selection>& select) {
  int code = 0;
  auto pipeline = read_pipeline(file, catalog, {.select = select}, code);
  if (!pipeline) {
    throw Error(ErrorClass::Config, "the pipeline file has errors", "mailpipe lint " + file);
  }
  return std::move(*pipeline);
}

std::unique_ptr<state::Ledger> ledger_of(const config::Pipeline& pipeline,
                                         const Arguments& arguments, state::Ledger::Open how) {
  const std::filesystem::path file =
      state::Ledger::file_in(state_dir_of(pipeline, arguments.value("state")));
  return std::filesystem::exists(file) ? std::make_unique<state::Ledger>(file, pipeline.name, how)
                                       : nullptr;
}

std::unique_ptr<LockedLedger> lock_ledger_of(const config::Pipeline& pipeline,
                                             const Arguments& arguments) {
  const std::filesystem::path dir = state_dir_of(pipeline, arguments.value("state"));
  const std::filesystem::path file = state::Ledger::file_in(dir);
  if (!std::filesystem::exists(file)) {
    throw Error(ErrorClass::Config, "there is no ledger at '" + file.string() + "'",
                "has this pipeline run yet?");
  }
  // NOLINTNEXTLINE(modernize-make-unique): neither can be moved, so both are made in place
  return std::unique_ptr<LockedLedger>(new LockedLedger{
      state::Lock(dir), state::Ledger(file, pipeline.name, state::Ledger::Open::Existing)});
}

void add_ledger_options(OptionTable& options) {
  options.value("state", "DIR", "folder of the ledger (default: as the pipeline says)");
  add_select_option(options);
  options.values("plugin-dir", "DIR", "look for plugins here too");
}

}  // namespace mailpipe::app
