#include "command.hpp"
#include "pipeline_file.hpp"
#include "plugin/search_path.hpp"
#include "run/exit_code.hpp"

#include <mailpipe/error.hpp>

#include <iostream>

namespace mailpipe::app {

namespace {

config::Format format_of(const std::string& name) {
  return name == "json"     ? config::Format::Json
         : name == "github" ? config::Format::Github
                            : config::Format::Human;
}

int run(const Arguments& arguments) {
  if (arguments.operands().empty()) {
    throw Error(ErrorClass::Config, "mailpipe lint: a pipeline file is needed",
                "mailpipe lint --help");
  }
  const plugin::Catalog catalog(plugin::search_path(arguments.values("plugin-dir")));
  config::LintOptions options;
  options.overrides = arguments.values("set");
  options.select = selections_of("lint", arguments);
  options.strictness =
      arguments.has("strict") ? config::Strictness::Strict : config::Strictness::Normal;
  std::vector<config::Diagnostic> all;
  config::Sources sources;
  int code = run::kOk;
  for (const std::string& file : arguments.operands()) {
    config::LintResult result = config::load_pipeline(file, catalog, options);
    code = run::worst(code, result.exit_code());
    all.insert(all.end(), result.diagnostics.begin(), result.diagnostics.end());
    sources.insert(result.sources.begin(), result.sources.end());
  }
  std::cout << config::render(all, sources, format_of(arguments.value("format")));
  return code;
}

}  // namespace

Command lint_command() {
  Command command{"lint", "FILE...", "Checks pipeline files and says everything that is wrong",
                  "",     {},        run};
  command.text =
      "Nothing is contacted, no code of a plugin runs, and no secret is read. Prints nothing when\n"
      "all is well. `mailpipe explain CODE` tells more of a message.\n\n"
      "Exit codes: 0 all well or warnings only, 2 errors, 5 a plugin is refused.\n";
  command.options.choice("format", {"human", "json", "github"}, "how to print")
      .flag("strict", "warnings are errors")
      .values("set", "PATH=VALUE", "replace a value, as in sinks.eml.with.path=/tmp/x");
  add_select_option(command.options);
  command.options.values("plugin-dir", "DIR", "look for plugins here too");
  return command;
}

}  // namespace mailpipe::app
