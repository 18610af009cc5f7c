#include "mboxrd.hpp"

#include <algorithm>
#include <utility>

namespace mailpipe::mbox {
namespace {

constexpr std::string_view kFrom = "From ";
constexpr std::size_t kBuffer = std::size_t{256} * 1024;

}  // namespace

Ends ends_of(const Body& body) {
  Ends ends;
  char last = '\n';
  body.for_each_chunk([&](std::string_view octets) {
    for (std::size_t at = octets.find('\n'); at != std::string_view::npos;
         at = octets.find('\n', at + 1)) {
      ends.raw = ends.raw || (at > 0 ? octets[at - 1] : last) != '\r';
    }
    last = octets.empty() ? last : octets.back();
  });
  ends.cut = body.size() > 0 && last != '\n';
  return ends;
}

void Encoder::put(std::string_view octets) {
  buffer_ += octets;
  if (buffer_.size() >= kBuffer) {
    out_(buffer_);
    buffer_.clear();
  }
}

void Encoder::flush_cr() {
  if (std::exchange(cr_, false)) {
    put("\r");
  }
}

void Encoder::add(std::string_view octets) {
  while (!octets.empty()) {
    if (at_start_) {
      add_start(octets);
    } else {
      add_rest(octets);
    }
  }
}

void Encoder::add_start(std::string_view& octets) {
  const char c = octets.front();
  if (c == '>' && matched_ == 0) {
    const std::size_t end = std::min(octets.find_first_not_of('>'), octets.size());
    put(octets.substr(0, end));
    octets.remove_prefix(end);
    return;
  }
  if (c == kFrom[matched_]) {
    octets.remove_prefix(1);
    if (++matched_ < kFrom.size()) {
      return;
    }
    put(">");  // behind those that are there already: it comes to the same
  }
  put(kFrom.substr(0, matched_));
  matched_ = 0;
  at_start_ = false;
}

void Encoder::add_rest(std::string_view& octets) {
  const std::size_t end = octets.find('\n');
  std::string_view line = octets.substr(0, end);
  octets.remove_prefix(std::min(line.size(), octets.size()));
  if (!line.empty()) {
    flush_cr();
    if (!ends_.raw && line.back() == '\r') {
      line.remove_suffix(1);
      cr_ = true;
    }
    put(line);
  }
  if (end != std::string_view::npos) {
    cr_ = false;
    put("\n");
    octets.remove_prefix(1);
    at_start_ = true;
  }
}

void Encoder::finish() {
  put(kFrom.substr(0, matched_));
  flush_cr();
  put(ends_.cut ? "\n\n" : "\n");
  out_(buffer_);
  buffer_.clear();
}

void Decoder::put(std::string_view octets) {
  buffer_ += octets;
  if (buffer_.size() >= kBuffer) {
    out_(buffer_);
    buffer_.clear();
  }
}

void Decoder::newline() {
  if (std::exchange(newline_, false)) {
    put(ends_.raw ? "\n" : "\r\n");
  }
}

void Decoder::add(std::string_view octets) {
  while (!octets.empty()) {
    newline();
    if (at_start_) {
      add_start(octets);
    } else {
      add_rest(octets);
    }
  }
}

void Decoder::add_start(std::string_view& octets) {
  const char c = octets.front();
  if (c == '>' && matched_ == 0) {
    ++quotes_;
    octets.remove_prefix(1);
    return;
  }
  if (c == kFrom[matched_]) {
    octets.remove_prefix(1);
    if (++matched_ == kFrom.size()) {
      release(true);
    }
    return;
  }
  release(false);
}

/// The start of a line is known.
void Decoder::release(bool quoted) {
  quotes_ -= quoted && quotes_ > 0 ? 1 : 0;
  for (; quotes_ > 0; --quotes_) {
    put(">");
  }
  put(kFrom.substr(0, matched_));
  matched_ = 0;
  at_start_ = false;
}

void Decoder::add_rest(std::string_view& octets) {
  const std::size_t end = octets.find('\n');
  const std::string_view line = octets.substr(0, end);
  put(line);
  octets.remove_prefix(line.size());
  if (end != std::string_view::npos) {
    octets.remove_prefix(1);
    newline_ = true;
    at_start_ = true;
  }
}

void Decoder::finish() {
  release(false);
  if (!ends_.cut) {
    newline();
  }
  out_(buffer_);
  buffer_.clear();
}

}  // namespace mailpipe::mbox
