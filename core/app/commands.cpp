#include "command.hpp"

namespace mailpipe::app {

const std::vector<Command>& commands() {
  static const std::vector<Command> kCommands{
      run_command(),        lint_command(),    test_command(),    check_command(),
      status_command(),     why_command(),     verify_command(),  state_command(),
      quarantine_command(), plugins_command(), inspect_command(), plugin_command(),
      schema_command(),     explain_command()};
  return kCommands;
}

}  // namespace mailpipe::app
