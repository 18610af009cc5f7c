#pragma once

#include "config/mark.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mailpipe::config {

/// A password or token in memory.
///
/// Ownership  Move-only; the octets are overwritten when it is destroyed or moved from.
/// There is no operator<< and no conversion: reveal() is the only way to the text, and easy to
/// search for.
class Secret {
 public:
  Secret() = default;

  /// Takes the text over and overwrites the string it came in.
  explicit Secret(std::string&& text);

  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  ~Secret();

  /// Valid until this is moved from or destroyed. Never log it.
  std::string_view reveal() const noexcept { return {text_.get(), size_}; }

 private:
  void wipe() noexcept;

  std::unique_ptr<char[]> text_;
  std::size_t size_ = 0;
};

/// Where a secret comes from: `{$env: NAME}`, `{$file: path}`, `{$command: [argv...]}`, or a
/// literal in the file.
struct SecretReference {
  enum class From { Env, File, Command, Literal };

  std::string pointer;  ///< JSON pointer of the option ("/token"), as in {"$secret": "/token"}
  From from = From::Env;
  std::string name;                       ///< Env: the variable; File: the absolute path
  std::vector<std::string> argv;          ///< Command: program and arguments, no shell
  std::shared_ptr<const Secret> literal;  ///< Literal: the value; Env: the default, if there is one
  std::vector<std::string>
      hidden;  ///< Variables that a command's environment must not have: other secrets' names
  std::chrono::seconds timeout{10};  ///< Command: then its process group is killed
  Mark mark;

  /// Reads the variable or file or runs the command; each call does so again. One newline at the
  /// end is removed; of what a command prints, the first line counts.
  /// Errors   Config: variable missing, file missing or readable by others. Auth: the command
  ///          failed or took too long.
  /// Threads  Any; a command blocks for up to `timeout`.
  Secret resolve() const;
};

}  // namespace mailpipe::config
