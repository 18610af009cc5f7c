#include "command.hpp"

namespace mailpipe::app {

const std::vector<Command>& commands() {
  static const std::vector<Command> kCommands{plugins_command(), inspect_command(),
                                              explain_command()};
  return kCommands;
}

}  // namespace mailpipe::app
