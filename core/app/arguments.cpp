#include "arguments.hpp"

#include "config/suggest.hpp"

#include <mailpipe/error.hpp>
#include <mailpipe/printable.hpp>

#include <boost/program_options.hpp>

#include <algorithm>

namespace mailpipe::app {

namespace {

namespace po = boost::program_options;

[[noreturn]] void misused(const std::string& command, const std::string& what,
                          const std::string& suggestion = {}) {
  throw Error(ErrorClass::Config,
              "mailpipe " + command + ": " + what + (suggestion.empty() ? "" : "; " + suggestion),
              "mailpipe " + command + " --help");
}

std::string join(const std::vector<std::string>& words, const char* separator) {
  std::string out;
  for (const std::string& word : words) {
    out += (out.empty() ? "" : separator) + word;
  }
  return out;
}

}  // namespace

OptionTable& OptionTable::flag(const std::string& name, const std::string& help) {
  options_.push_back({name, "", help, Kind::Flag, {}});
  return *this;
}

OptionTable& OptionTable::value(const std::string& name, const std::string& placeholder,
                                const std::string& help) {
  options_.push_back({name, placeholder, help, Kind::Value, {}});
  return *this;
}

OptionTable& OptionTable::values(const std::string& name, const std::string& placeholder,
                                 const std::string& help) {
  options_.push_back({name, placeholder, help + " (may be repeated)", Kind::Values, {}});
  return *this;
}

OptionTable& OptionTable::choice(const std::string& name, const std::vector<std::string>& allowed,
                                 const std::string& help) {
  options_.push_back({name, join(allowed, "|"), help + " (default: " + allowed.front() + ")",
                      Kind::Value, allowed});
  return *this;
}

Arguments OptionTable::parse(const std::string& command,
                             const std::vector<std::string>& words) const {
  po::options_description description;
  std::vector<std::string> names;
  for (const Option& option : options_) {
    const std::string& name = option.name;
    names.push_back("--" + name);
    switch (option.kind) {
      case Kind::Flag:
        description.add_options()(name.c_str(), "");
        break;
      case Kind::Value:
        description.add_options()(name.c_str(), po::value<std::string>(), "");
        break;
      case Kind::Values:
        description.add_options()(name.c_str(), po::value<std::vector<std::string>>()->composing(),
                                  "");
        break;
    }
  }
  Arguments out;
  try {
    constexpr int kStyle = po::command_line_style::allow_long |
                           po::command_line_style::long_allow_adjacent |
                           po::command_line_style::long_allow_next;
    const auto parsed = po::command_line_parser(words).options(description).style(kStyle).run();
    for (const po::option& option : parsed.options) {
      if (option.position_key != -1 || option.string_key.empty()) {
        out.operands_.insert(out.operands_.end(), option.value.begin(), option.value.end());
        continue;
      }
      std::vector<std::string>& values = out.values_[option.string_key];
      values.insert(values.end(), option.value.begin(), option.value.end());
    }
  } catch (const po::unknown_option& why) {
    misused(command, "unknown option '" + printable(why.get_option_name()) + "'",
            config::did_you_mean(why.get_option_name(), names));
  } catch (const po::error& why) {
    misused(command, printable(why.what()));
  }
  check_operands(command, words, out);
  check_choices(command, out);
  for (const Option& option : options_) {
    if (!option.allowed.empty() && !out.has(option.name)) {
      out.values_[option.name] = {option.allowed.front()};
    }
  }
  return out;
}

/// "-x" is no operand, unless it stands behind "--".
void OptionTable::check_operands(const std::string& command, const std::vector<std::string>& words,
                                 const Arguments& arguments) {
  const auto end = std::find(words.begin(), words.end(), "--");
  const auto behind = end == words.end() ? 0 : words.end() - end - 1;
  const auto checked = static_cast<std::ptrdiff_t>(arguments.operands().size()) - behind;
  for (std::ptrdiff_t i = 0; i < checked; ++i) {
    const std::string& operand = arguments.operands()[static_cast<std::size_t>(i)];
    if (operand.size() > 1 && operand.front() == '-') {
      misused(command, "unknown option '" + printable(operand, 60) + "'");
    }
  }
}

void OptionTable::check_choices(const std::string& command, const Arguments& arguments) const {
  for (const Option& option : options_) {
    const std::vector<std::string> given = arguments.values(option.name);
    if (option.kind != Kind::Flag && std::find(given.begin(), given.end(), "") != given.end()) {
      misused(command, "--" + option.name + " needs a value");  // of a variable that is not set?
    }
    if (option.kind == Kind::Value && given.size() > 1) {
      misused(command, "--" + option.name + " is given more than once");
    }
    if (option.allowed.empty() || given.empty()) {
      continue;
    }
    if (std::find(option.allowed.begin(), option.allowed.end(), given.front()) ==
        option.allowed.end()) {
      misused(command,
              "--" + option.name + " is one of " + join(option.allowed, ", ") + ", not '" +
                  printable(given.front(), 60) + "'",
              config::did_you_mean(given.front(), option.allowed));
    }
  }
}

std::string OptionTable::help() const {
  std::size_t width = 0;
  std::vector<std::string> heads;
  for (const Option& option : options_) {
    heads.push_back("  --" + option.name +
                    (option.placeholder.empty() ? "" : " " + option.placeholder));
    width = std::max(width, std::min<std::size_t>(heads.back().size(), 34));
  }
  std::string out;
  for (std::size_t i = 0; i < options_.size(); ++i) {
    out += heads[i];
    if (heads[i].size() > width) {
      out += "\n" + std::string(width, ' ');
    } else {
      out += std::string(width - heads[i].size(), ' ');
    }
    out += "  " + options_[i].help + "\n";
  }
  return out;
}

}  // namespace mailpipe::app
