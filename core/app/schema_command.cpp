#include "command.hpp"
#include "config/schema.hpp"
#include "plugin/catalog.hpp"
#include "plugin/search_path.hpp"
#include "run/exit_code.hpp"

#include <iostream>

namespace mailpipe::app {

namespace {

int run(const Arguments& arguments) {
  const plugin::Catalog catalog(plugin::search_path(arguments.values("plugin-dir")));
  std::cout << config::pipeline_schema(catalog) << "\n";
  return run::kOk;
}

}  // namespace

Command schema_command() {
  Command command{"schema", "", "Prints a JSON Schema of pipeline files, for editors", "", {}, run};
  command.text =
      "Save it and name it in the first line of a pipeline file:\n"
      "  # yaml-language-server: $schema=./mailpipe.schema.json\n";
  command.options.values("plugin-dir", "DIR", "look for plugins here too");
  return command;
}

}  // namespace mailpipe::app
