#include "ledger_option.hpp"

#include "assembly.hpp"
#include "pipeline_run.hpp"
#include "plugin/search_path.hpp"

#include <mailpipe/error.hpp>

namespace mailpipe::app {

FoundLedger find_ledger(const std::string& command, const Arguments& arguments, std::size_t index) {
  const bool has_file = arguments.operands().size() == index + 1;
  if (arguments.operands().size() > index + 1 || (!has_file && !arguments.has("state"))) {
    throw Error(ErrorClass::Config,
                "mailpipe " + command + ": one pipeline file or --state DIR is needed",
                "mailpipe " + command + " --help");
  }
  FoundLedger out;
  if (has_file) {
    const plugin::Catalog catalog(plugin::search_path(arguments.values("plugin-dir")));
    int code = 0;
    const auto pipeline = read_pipeline(arguments.operands()[index], catalog, {}, code);
    if (!pipeline) {
      throw Error(ErrorClass::Config, "the pipeline file has errors",
                  "--state DIR works without the file");
    }
    out.name = pipeline->name;
    out.dir = state_dir_of(*pipeline, arguments.value("state"));
  } else {
    out.dir = std::filesystem::absolute(arguments.value("state")).lexically_normal();
    out.name = out.dir.filename().string();
  }
  const std::filesystem::path file = state::Ledger::file_in(out.dir);
  if (std::filesystem::exists(file)) {
    out.ledger =
        std::make_unique<state::Ledger>(file, has_file ? out.name : "", state::Ledger::Open::Look);
    out.name = out.ledger->meta("pipeline").value_or(out.name);
  }
  return out;
}

config::Pipeline pipeline_of(const std::string& file, const plugin::Catalog& catalog) {
  int code = 0;
  auto pipeline = read_pipeline(file, catalog, {}, code);
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
  return std::unique_ptr<LockedLedger>(new LockedLedger{
      state::Lock(dir), state::Ledger(file, pipeline.name, state::Ledger::Open::Existing)});
}

void add_ledger_options(OptionTable& options) {
  options.value("state", "DIR", "folder of the ledger (default: as the pipeline says)")
      .values("plugin-dir", "DIR", "look for plugins here too");
}

}  // namespace mailpipe::app
