#include "patience.hpp"

#include "errors.hpp"

#include <mailpipe/error.hpp>

#include <algorithm>

namespace mailpipe::imap {

namespace {

// What source-jmap asks of a download. Between answers a word a minute is enough: Dovecot tells how far a search has come.
constexpr std::int64_t kMillisecondsPerOctetOfResponse = 1000 / 16;
constexpr std::int64_t kMillisecondsPerOctetBetween = 4000;

}  // namespace

void Patience::reset() noexcept {
  silent_ = window_ = std::chrono::milliseconds(0);
  octets_ = 0;
}

void Patience::progress(std::uint64_t octets) noexcept {
  silent_ = std::chrono::milliseconds(0);
  octets_ += octets;
}

void Patience::waited(std::chrono::milliseconds time, bool in_response, const std::string& where) {
  silent_ += time;
  window_ += time;
  if (silent_ >= timeout_) {
    throw Error(ErrorClass::Transient,
                where + ": the server has said nothing for " +
                    std::to_string(timeout_.count() / 1000) + " s",
                kLaterHint);
  }
  if (window_ < timeout_) {
    return;
  }
  const std::int64_t each =
      in_response ? kMillisecondsPerOctetOfResponse : kMillisecondsPerOctetBetween;
  if (octets_ < static_cast<std::uint64_t>(window_.count() / each)) {
    throw Error(ErrorClass::Transient,
                where + ": the server sends next to nothing, " + std::to_string(octets_) +
                    " octets in " + std::to_string(window_.count() / 1000) + " s",
                kLaterHint);
  }
  window_ = std::chrono::milliseconds(0);
  octets_ = 0;
}

std::chrono::milliseconds Patience::left() const noexcept {
  return std::max(timeout_ - silent_, std::chrono::milliseconds(0));
}

}  // namespace mailpipe::imap
