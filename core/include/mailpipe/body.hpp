#pragma once

#include <mailpipe/error.hpp>
#include <mailpipe/item.hpp>
#include <mailpipe/plugin.h>

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace mailpipe {

/// The octets of one message, or of its header section: in memory, or in the spool file.
///
/// Ownership  A view, borrowed for the length of the call that it came with.
/// Threads    Reading from several threads at once is fine.
/// Errors     Throws Error(Permanent) when the spool cannot be read.
class Body {
 public:
  explicit Body(const mp_body& view) noexcept : view_(view) {
    std::memcpy(digest_.data(), view.sha256, digest_.size());
  }

  std::uint64_t size() const noexcept { return view_.size; }

  const Digest& digest() const noexcept { return digest_; }

  /// Only the header section is here: a filter asked for no more.
  bool header_only() const noexcept { return view_.header_only != 0; }

  /// Copies up to `count` octets from `offset` to `out`; returns how many there were.
  std::size_t read(std::uint64_t offset, char* out, std::size_t count) const {
    if (offset >= view_.size) {
      return 0;
    }
    count = static_cast<std::size_t>(std::min<std::uint64_t>(count, view_.size - offset));
    if (view_.data != nullptr) {
      std::memcpy(out, static_cast<const char*>(view_.data) + offset, count);
      return count;
    }
    std::size_t done = 0;
    while (done < count) {
      const ssize_t n = ::pread(view_.fd, out + done, count - done,
                                static_cast<off_t>(view_.offset + offset + done));
      if (n < 0 && errno == EINTR) {
        continue;
      }
      if (n <= 0) {
        throw Error(ErrorClass::Permanent, "the spool file cannot be read");
      }
      done += static_cast<std::size_t>(n);
    }
    return done;
  }

  /// Calls `sink(std::string_view)` for the octets in order; one call when they are in memory.
  template <class Function>
  void for_each_chunk(Function&& sink) const {
    if (view_.data != nullptr) {
      sink(std::string_view(static_cast<const char*>(view_.data),
                            static_cast<std::size_t>(view_.size)));
      return;
    }
    std::vector<char> buffer(
        static_cast<std::size_t>(std::min<std::uint64_t>(view_.size, 256U * 1024U)));
    for (std::uint64_t at = 0; at < view_.size;) {
      const std::size_t n = read(at, buffer.data(), buffer.size());
      sink(std::string_view(buffer.data(), n));
      at += n;
    }
  }

  /// The first `limit` octets at most; enough for a header section.
  std::string head(std::size_t limit) const {
    std::string text(static_cast<std::size_t>(std::min<std::uint64_t>(limit, view_.size)), '\0');
    text.resize(read(0, text.data(), text.size()));
    return text;
  }

  const mp_body& view() const noexcept { return view_; }

 private:
  mp_body view_;
  Digest digest_{};
};

}  // namespace mailpipe
