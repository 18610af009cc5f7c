#include "pacer.hpp"

#include <algorithm>

namespace mailpipe::jmap {

namespace {

constexpr std::uint64_t kCostOfOne =
    4096;  ///< a message costs the server something whatever its size
constexpr unsigned kProbeAgain =
    16;  ///< windows without growth before we try whether more has become possible

}  // namespace

void Pacer::cap(unsigned most) noexcept {
  most_ = std::max(1U, most);
  limit_ = std::min(limit_, most_);
}

void Pacer::open_window(Time now) noexcept {
  weight_ = 0;
  count_ = 0;
  window_start_ = now;
}

void Pacer::completed(std::uint64_t octets, Time now) {
  weight_ += octets + kCostOfOne;
  if (++count_ < 2 * limit_) {
    return;
  }
  const double seconds = std::max(std::chrono::duration<double>(now - window_start_).count(), 1e-6);
  const double rate = static_cast<double>(weight_) / seconds;
  if (rate > best_ * 1.05) {
    best_ = rate;
    limit_ = std::min(2 * limit_, most_);
    flat_windows_ = 0;
  } else if (++flat_windows_ % kProbeAgain == 0) {
    best_ = rate;
    limit_ = std::min(limit_ + limit_ / 2 + 1, most_);
  }
  open_window(now);
}

void Pacer::refused(Time started, Time now) {
  if (started < halved_at_) {
    return;
  }
  halved_at_ = now;
  limit_ = std::max(1U, limit_ / 2);
  best_ = 0;
  open_window(now);
}

}  // namespace mailpipe::jmap
