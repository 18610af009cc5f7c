#include "command.hpp"
#include "pipeline_run.hpp"
#include "plugin/search_path.hpp"
#include "process.hpp"
#include "run/exit_code.hpp"

#include <mailpipe/error.hpp>

namespace mailpipe::app {

namespace {

int run(const Arguments& arguments) {
  if (arguments.operands().empty()) {
    throw Error(ErrorClass::Config, "mailpipe check: a pipeline file is needed",
                "mailpipe check --help");
  }
  const Log log = make_log(arguments);
  const plugin::Catalog catalog(plugin::search_path(arguments.values("plugin-dir")));
  run::Cancellation cancellation;
  const SignalGuard signals(cancellation);
  int code = run::kOk;
  for (const std::string& file : arguments.operands()) {
    int read = run::kOk;
    const auto pipeline = read_pipeline(file, catalog, arguments.values("set"), read, &log);
    code = run::worst(code, read);
    if (pipeline) {
      code = run::worst(code, check_pipeline(*pipeline, catalog, cancellation, log));
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
  add_log_options(command.options);
  command.options.values("plugin-dir", "DIR", "look for plugins here too");
  return command;
}

}  // namespace mailpipe::app
