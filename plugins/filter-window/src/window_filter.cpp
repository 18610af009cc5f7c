#include "window_filter.hpp"

#include <charconv>
#include <cstdint>
#include <string>
#include <system_error>

namespace mailpipe::window {
namespace {

constexpr const char* kFirstRunAt = "first_run_at";

std::chrono::seconds duration_or_zero(const Options& options, const std::string& name) {
  return options.has(name) ? options.duration(name) : std::chrono::seconds(0);
}

std::chrono::sys_seconds parse_instant(const std::string& text) {
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw Error(ErrorClass::Permanent, "the stored instant of the first run cannot be read");
  }
  return std::chrono::sys_seconds(std::chrono::seconds(seconds));
}

}  // namespace

WindowFilter::WindowFilter(const Options& options, Host& host)
    : host_(host),
      delay_(duration_or_zero(options, "delay")),
      since_(options.instant("since")),
      until_(options.instant("until")) {
  if (options.has("first_run")) {
    first_run_ = options.duration("first_run");
  }
  if (since_ && until_ && *since_ >= *until_) {
    throw Error(ErrorClass::Config, "'since' is not before 'until': no message can pass",
                "swap the two, or leave one out");
  }
}

std::chrono::sys_seconds WindowFilter::first_run_at() {
  if (first_run_at_) {
    return *first_run_at_;
  }
  // Remembered only once the ledger gives it back: a transaction that was rolled back took it along.
  if (const auto stored = host_.get(kFirstRunAt)) {
    first_run_at_ = parse_instant(*stored);
    return *first_run_at_;
  }
  host_.put(kFirstRunAt, std::to_string(host_.run_time().time_since_epoch().count()));
  return host_.run_time();
}

Verdict WindowFilter::judge(const Item& item, const Body* /*body*/) {
  // Stored even while `first_run` is not set: added later, it counts from the true first run.
  const std::chrono::sys_seconds first_run = first_run_at();
  if (!item.received_at) {
    return Verdict::keep();
  }
  const std::chrono::sys_seconds received = *item.received_at;
  if (since_ && received < *since_) {
    return Verdict::drop("before-since");
  }
  if (until_ && received >= *until_) {
    return Verdict::drop("not-before-until");
  }
  if (first_run_ && item.initial && received < first_run - *first_run_) {
    return Verdict::drop("before-first-run");
  }
  // Without a delay nothing is held: mail that arrives while the run lists is newer than its time.
  if (delay_.count() > 0 && received > host_.run_time() - delay_) {
    return Verdict::hold(received + delay_);
  }
  return Verdict::keep();
}

}  // namespace mailpipe::window
