#pragma once

#include <mutex>
#include <string>
#include <string_view>

namespace mailpipe::app {

/// Standard error, shared by log lines and the progress bar: a line never lands in the bar.
///
/// Threads  Any, at any time.
class Terminal {
 public:
  static Terminal& instance();

  /// Writes whole lines, each ended by a newline; the bar is taken away first and comes back after.
  void write(std::string_view lines);

  /// The same on standard output.
  void print(std::string_view lines);

  /// An error at the end: one line, and `= help:` if there is a hint. Foreign text is made
  /// printable.
  void error(std::string_view what, std::string_view hint);

  /// What stands in the last line until the next call; empty: nothing.
  void set_bar(std::string bar);

  /// Whether standard error is a terminal that a bar can be drawn on.
  bool is_terminal() const noexcept { return is_terminal_; }

  /// Columns of the terminal; 80 if it does not say.
  static std::size_t columns();

 private:
  Terminal();

  const bool is_terminal_;
  std::mutex mutex_;
  std::string bar_;
};

}  // namespace mailpipe::app
