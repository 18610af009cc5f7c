#include "mbsync_undo.hpp"

#include <utility>

namespace mailpipe::maildir {
namespace {

constexpr std::string_view kTuid = "X-TUID: ";
constexpr std::size_t kTuidLetters = 12;
constexpr std::size_t kHeld = 64;  // of a line: longer than X-TUID's

/// `line` with its end.
bool is_tuid(std::string_view line) {
  constexpr std::string_view kLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  return line.size() == kTuid.size() + kTuidLetters + 1 && line.starts_with(kTuid) &&
         line.substr(kTuid.size(), kTuidLetters).find_first_not_of(kLetters) ==
             std::string_view::npos;
}

}  // namespace

void MbsyncUndo::add(std::string_view octets) {
  while (!header_done_ && !octets.empty()) {
    const std::size_t end = octets.find('\n');
    const bool ends = end != std::string_view::npos;
    const std::string_view part = octets.substr(0, ends ? end + 1 : octets.size());
    octets.remove_prefix(part.size());
    line_ += part;
    if (ends) {
      end_line();
    } else if (line_.size() > kHeld) {
      emit(line_, true);
      line_.clear();
      line_begun_ = true;
    }
  }
  emit(octets, false);
}

void MbsyncUndo::end_line() {
  header_done_ = !line_begun_ && (line_ == "\n" || line_ == "\r\n");
  if (on_ && !line_begun_ && !tuid_seen_ && is_tuid(line_)) {
    tuid_seen_ = true;
  } else {
    emit(line_, !header_done_);
  }
  line_.clear();
  line_begun_ = false;
}

void MbsyncUndo::emit(std::string_view octets, bool header) {
  std::string undone;
  if (on_) {
    undone.reserve(octets.size() + octets.size() / 32);
    for (const char c : octets) {
      undone += c == '\n' && last_ != '\r' ? "\r\n" : std::string_view(&c, 1);
      last_ = c;
    }
    octets = undone;
  }
  hash_.add(octets);
  size_ += octets.size();
  if (header) {
    header_hash_.add(octets);
  }
}

Found::Original MbsyncUndo::take() {
  // As the engine takes a header that no empty line ends.
  const bool header = !header_done_ && (line_begun_ || line_ != "\r");
  emit(std::exchange(line_, {}), header);
  return {size_, hash_.take(), header_hash_.take()};
}

}  // namespace mailpipe::maildir
