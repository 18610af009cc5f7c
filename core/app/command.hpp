#pragma once

#include "arguments.hpp"

#include <string>
#include <vector>

namespace mailpipe::app {

/// One command of the program.
struct Command {
  std::string name;
  std::string operands;  ///< "FILE...", for the line of usage
  std::string summary;   ///< one line
  std::string text;      ///< what else its --help says: paragraphs, examples, exit codes
  OptionTable options;
  int (*run)(const Arguments& arguments);  ///< returns the exit code; throws Error
};

// One function a command, each in a file of its name.
Command check_command();
Command explain_command();
Command inspect_command();
Command lint_command();
Command plugin_command();
Command plugins_command();
Command quarantine_command();
Command run_command();
Command schema_command();
Command state_command();
Command status_command();
Command test_command();
Command verify_command();
Command why_command();

/// `state reset`, a word of `state`.
int reset_state(const Arguments& arguments);

/// All of them, in the order in which `mailpipe --help` names them.
const std::vector<Command>& commands();

/// `mailpipe --help` and `mailpipe COMMAND --help`.
std::string program_help();
std::string command_help(const Command& command);

/// Runs what the words say and returns the exit code. Errors are thrown.
int dispatch(const std::vector<std::string>& words);

}  // namespace mailpipe::app
