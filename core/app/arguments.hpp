#pragma once

#include <map>
#include <string>
#include <vector>

namespace mailpipe::app {

/// What the user wrote after the name of a command.
class Arguments {
 public:
  bool has(const std::string& option) const { return values_.count(option) != 0; }

  /// The value of an option, or of its default; empty if there is neither.
  std::string value(const std::string& option) const {
    const auto found = values_.find(option);
    return found == values_.end() || found->second.empty() ? std::string() : found->second.back();
  }

  std::vector<std::string> values(const std::string& option) const {
    const auto found = values_.find(option);
    return found == values_.end() ? std::vector<std::string>() : found->second;
  }

  const std::vector<std::string>& operands() const noexcept { return operands_; }

 private:
  friend class OptionTable;
  std::map<std::string, std::vector<std::string>> values_;
  std::vector<std::string> operands_;
};

/// The options that a command takes.
///
/// Errors  parse() throws Error(Config) with one line and, for a misspelt option, what was meant.
class OptionTable {
 public:
  OptionTable& flag(const std::string& name, const std::string& help);
  OptionTable& value(const std::string& name, const std::string& placeholder,
                     const std::string& help);
  OptionTable& values(const std::string& name, const std::string& placeholder,
                      const std::string& help);  ///< may be given several times

  /// A value out of a few; the first is the default.
  OptionTable& choice(const std::string& name, const std::vector<std::string>& allowed,
                      const std::string& help);

  /// `command` stands in messages.
  Arguments parse(const std::string& command, const std::vector<std::string>& words) const;

  /// One line an option, aligned.
  std::string help() const;

 private:
  enum class Kind { Flag, Value, Values };

  struct Option {
    std::string name, placeholder, help;
    Kind kind;
    std::vector<std::string> allowed;
  };

  static void check_operands(const std::string& command, const std::vector<std::string>& words,
                             const Arguments& arguments);
  void check_choices(const std::string& command, const Arguments& arguments) const;

  std::vector<Option> options_;
};

}  // namespace mailpipe::app
