#include "command.hpp"
#include "pipeline_run.hpp"
#include "plugin/search_path.hpp"
#include "process.hpp"
#include "run/exit_code.hpp"

#include <mailpipe/error.hpp>

namespace mailpipe::app {

namespace {

/// One that cannot be loaded leaves the others alone.
int check_one(const config::Pipeline& pipeline, const plugin::Catalog& catalog,
              const RunOptions& options, const Log& log) {
  run::Cancellation cancellation;
  const SignalGuard signals(cancellation);
  if (!options.named) {
    return check_pipeline(pipeline, catalog, options, cancellation, log);
  }
  try {
    return check_pipeline(pipeline, catalog, options, cancellation, log);
  } catch (const plugin::Refused& why) {
    complain("error[" + why.code() + "]: " + pipeline.name + ": " + why.what(), why.hint());
    return run::kPlugin;
  } catch (const Error& why) {
    complain("error: " + pipeline.name + ": " + why.what(), why.hint());
    return run::exit_code(why.error_class());
  }
}

int run(const Arguments& arguments) {
  if (arguments.operands().empty()) {
    throw Error(ErrorClass::Config, "mailpipe check: a pipeline file is needed",
                "mailpipe check --help");
  }
  const Log log = make_log(arguments);
  const plugin::Catalog catalog(plugin::search_path(arguments.values("plugin-dir")));
  std::vector<config::LintResult> files;
  std::size_t pipelines = 0;
  int code = run::kOk;
  for (const std::string& file : arguments.operands()) {
    files.push_back(read_pipelines(
        file, catalog,
        {.overrides = arguments.values("set"), .select = selections_of("check", arguments)}, &log));
    if (selects_nothing(files.back())) {
      return run::kConfiguration;
    }
    code = run::worst(code, files.back().exit_code());
    pipelines += files.back().parts.size();
  }
  const RunOptions options{.named = pipelines > 1};
  for (const config::LintResult& file : files) {
    for (const config::LintResult::Part& part : file.parts) {
      if (part.pipeline) {
        code = run::worst(code, check_one(*part.pipeline, catalog, options, log));
      }
    }
  }
  return code;
}

}  // namespace

Command check_command() {
  Command command{"check", "FILE...", "Logs in at the source and looks at the destinations",
                  "",      {},        run};
  command.text = "Nothing is fetched and nothing is written, neither there nor here.\n";
  command.options.values("set", "PATH=VALUE", "replace a value, as in sinks.eml.with.path=/tmp/x");
  add_select_option(command.options);
  add_log_options(command.options);
  command.options.values("plugin-dir", "DIR", "look for plugins here too");
  return command;
}

}  // namespace mailpipe::app
