#pragma once

#include <mailpipe/host.hpp>
#include <mailpipe/item.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace mailpipe::app {

/// Log lines on standard error: short ones for people, or JSON, one object a line.
///
/// Whatever comes in is foreign: it goes through the printable gate and the redactor here.
/// Threads  Any, at any time.
class Log {
 public:
  enum class Form { Text, Json };

  Log(Form form, LogLevel least);
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  void line(LogLevel level, std::string_view component, std::string_view message,
            const Pairs& fields = {}) const;

  Form form() const noexcept { return form_; }

 private:
  struct Impl;
  Form form_;
  std::unique_ptr<Impl> impl_;
};

/// From here on complain() writes a line of JSON, because somebody reads standard error as such.
void complain_in_json();

/// An error at the end of a command, on standard error: one line and, if there is one, the hint.
void complain(std::string_view what, std::string_view hint);

}  // namespace mailpipe::app
