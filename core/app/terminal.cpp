#include "terminal.hpp"

#include "redactor.hpp"

#include <mailpipe/printable.hpp>

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <iostream>

namespace mailpipe::app {

namespace {

constexpr char kClearLine[] = "\r\x1b[K";

void write_all(std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(STDERR_FILENO, text.data(), text.size());
    if (n < 0 && errno == EINTR) {
      continue;
    }
    if (n <= 0) {
      return;  // nobody listens, and there is nowhere else to say so
    }
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

bool can_draw() {
  const char* kind = std::getenv("TERM");
  return ::isatty(STDERR_FILENO) == 1 && kind != nullptr && std::string_view(kind) != "dumb";
}

}  // namespace

Terminal& Terminal::instance() {
  static Terminal terminal;
  return terminal;
}

Terminal::Terminal() : is_terminal_(can_draw()) {}

void Terminal::write(std::string_view lines) {
  const std::lock_guard lock(mutex_);
  write_all(bar_.empty() ? std::string(lines) : kClearLine + std::string(lines) + bar_);
}

void Terminal::print(std::string_view lines) {
  const std::lock_guard lock(mutex_);
  if (!bar_.empty()) {
    write_all(kClearLine);
  }
  std::cout << lines << std::flush;
  write_all(bar_);
}

void Terminal::error(std::string_view what, std::string_view hint) {
  std::string lines = printable(what, 2000) + "\n";
  if (!hint.empty()) {
    lines += "   = help: " + printable(hint, 2000) + "\n";
  }
  write(Redactor::instance().redact(lines));
}

void Terminal::set_bar(std::string bar) {
  const std::lock_guard lock(mutex_);
  if (bar == bar_) {
    return;
  }
  write_all(kClearLine + bar);
  bar_ = std::move(bar);
}

std::size_t Terminal::columns() {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) {
    return 80;
  }
  return size.ws_col;
}

}  // namespace mailpipe::app
