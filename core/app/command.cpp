#include "command.hpp"

#include "config/suggest.hpp"
#include "version.hpp"

#include <mailpipe/error.hpp>
#include <mailpipe/plugin.h>
#include <mailpipe/printable.hpp>

#include <algorithm>
#include <iostream>

namespace mailpipe::app {

namespace {

const char kExamples[] =
    R"(Examples:
  mailpipe lint backup.yaml                 check a pipeline without running it
  mailpipe check backup.yaml                log in, and look at the destinations
  mailpipe run --dry-run backup.yaml        say what a run would do
  mailpipe run backup.yaml                  back up
  mailpipe inspect jmap                     the options of a component, with defaults
)";

const char kExitCodes[] =
    R"(Exit codes:
  0 all well                    5 a plugin cannot be used
  1 failure                     6 no space left
  2 configuration or usage     75 temporary: run again later
  3 done, but some messages   130 interrupted (SIGINT)
    are quarantined           143 terminated (SIGTERM)
  4 login refused
)";

std::string padded(const std::string& text, std::size_t width) {
  return text + std::string(width - std::min(width, text.size()), ' ');
}

const Command& find_command(const std::string& name) {
  std::vector<std::string> names;
  for (const Command& command : commands()) {
    if (command.name == name) {
      return command;
    }
    names.push_back(command.name);
  }
  const std::string suggestion = config::did_you_mean(name, names);
  throw Error(ErrorClass::Config,
              "unknown command '" + printable(name, 60) + "'" +
                  (suggestion.empty() ? "" : "; " + suggestion),
              "mailpipe --help lists the commands");
}

bool is_help(const std::string& word) {
  return word == "--help" || word == "-h";
}

}  // namespace

std::string program_help() {
  std::string out =
      "mailpipe backs up mail accounts: a pipeline file names a source, filters and "
      "destinations.\n\n"
      "Usage: mailpipe COMMAND [OPTIONS] [OPERANDS]\n\nCommands:\n";
  for (const Command& command : commands()) {
    out += "  " + padded(command.name, 10) + " " + command.summary + "\n";
  }
  out += "\n  mailpipe COMMAND --help tells more of a command.\n  mailpipe --version\n\n";
  return out + kExamples + "\n" + kExitCodes;
}

std::string command_help(const Command& command) {
  std::string out = "Usage: mailpipe " + command.name + " [OPTIONS]" +
                    (command.operands.empty() ? "" : " " + command.operands) + "\n\n" +
                    command.summary + ".\n";
  if (!command.text.empty()) {
    out += "\n" + command.text;
  }
  const std::string options = command.options.help();
  return options.empty() ? out : out + "\nOptions:\n" + options;
}

int dispatch(const std::vector<std::string>& words) {
  if (words.empty()) {
    std::cerr << program_help();
    return 2;
  }
  const std::string& first = words.front();
  if (is_help(first) || (first == "help" && words.size() == 1)) {
    std::cout << program_help();
    return 0;
  }
  if (first == "--version" || first == "-V") {
    std::cout << "mailpipe " << kVersion << " (plugin ABI " << MP_ABI_MAJOR << "." << MP_ABI_MINOR
              << ")\n";
    return 0;
  }
  if (first == "help") {
    std::cout << command_help(find_command(words[1]));
    return 0;
  }
  const Command& command = find_command(first);
  const std::vector<std::string> rest(words.begin() + 1, words.end());
  const auto end = std::find(rest.begin(), rest.end(), "--");
  if (std::any_of(rest.begin(), end, is_help)) {
    std::cout << command_help(command);
    return 0;
  }
  const Arguments arguments = command.options.parse(command.name, rest);
  if (command.operands.empty() && !arguments.operands().empty()) {
    throw Error(ErrorClass::Config,
                "mailpipe " + command.name + " takes no operand, but there is '" +
                    printable(arguments.operands().front(), 60) + "'",
                "mailpipe " + command.name + " --help");
  }
  return command.run(arguments);
}

}  // namespace mailpipe::app
