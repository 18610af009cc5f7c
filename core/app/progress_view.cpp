#include "progress_view.hpp"

#include "figures.hpp"
#include "terminal.hpp"

#include <algorithm>

namespace mailpipe::app {

namespace {

constexpr std::chrono::milliseconds kRedraw{200};
constexpr std::chrono::seconds kBetweenLines{10};

/// How much of the work is done, 0 to 1: by octets where they are known.
double share(const Snapshot& now) {
  const auto part = [](std::uint64_t done, std::uint64_t all) {
    return all == 0 ? 0.0 : std::min(1.0, static_cast<double>(done) / static_cast<double>(all));
  };
  if (now.wanted == 0) {
    return part(now.listed, now.estimated);
  }
  return now.wanted_bytes == 0 ? part(now.fetched, now.wanted)
                               : part(now.fetched_bytes, now.wanted_bytes);
}

std::string listing(const Snapshot& now) {
  std::string out = "listing " + grouped(now.listed);
  if (now.estimated > now.listed) {
    out += " of about " + grouped(now.estimated);
  }
  return out;
}

std::string fetching(const Snapshot& now, double rate) {
  std::string out = "fetching " + grouped(now.fetched) + "/" + grouped(now.wanted) + "  " +
                    octets(now.fetched_bytes);
  if (now.wanted_bytes > 0) {
    out += "/" + octets(now.wanted_bytes);
  }
  if (rate >= 1) {
    out += "  " + octets(static_cast<std::uint64_t>(rate)) + "/s";
    if (now.listing_done && now.wanted_bytes > now.fetched_bytes) {
      out += "  " + duration(static_cast<double>(now.wanted_bytes - now.fetched_bytes) / rate) +
             " left";
    }
  }
  return out;
}

}  // namespace

std::string describe(const Snapshot& now, double rate) {
  if (now.wanted == 0) {
    return now.listed == 0 && now.estimated == 0 ? "connecting" : listing(now);
  }
  const std::string fetch = fetching(now, rate);
  return now.listing_done ? fetch : listing(now) + ", " + fetch;
}

std::string draw(const Snapshot& now, double rate, std::size_t columns, const std::string& label) {
  constexpr std::size_t kBar = 20;
  const std::size_t room = columns > 0 ? columns - 1 : 0;  // the last column would wrap
  const std::string front = label.empty() ? "" : label + "  ";
  std::string text = front + describe(now, rate);
  if (text.size() > room && now.wanted != 0) {
    text = front + fetching(now, rate);  // the listing is told while there is room for both
  }
  if (text.size() + kBar + 3 <= room) {
    const auto full = static_cast<std::size_t>(share(now) * kBar);
    text = "[" + std::string(full, '#') + std::string(kBar - full, '.') + "] " + text;
  }
  return text.substr(0, room);
}

ProgressView::ProgressView(const ProgressBoard& board, const run::Cancellation& cancellation,
                           When when, const Log& log)
    : board_(board),
      cancellation_(cancellation),
      log_(log),
      bar_(when == When::Always || (when == When::Auto && log.form() == Log::Form::Text &&
                                    Terminal::instance().is_terminal())),
      lines_(when == When::Auto && !bar_),
      last_rate_(std::chrono::steady_clock::now()),
      last_line_(last_rate_),
      thread_([this] { loop(); }) {}

ProgressView::~ProgressView() {
  {
    const std::lock_guard lock(mutex_);
    done_ = true;
  }
  wake_.notify_all();
  thread_.join();
  if (bar_) {
    Terminal::instance().set_bar("");
  }
}

void ProgressView::loop() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, kRedraw, [this] { return done_; })) {
    tell_of_signal();
    show(std::chrono::steady_clock::now());
  }
  tell_of_signal();
}

void ProgressView::show(std::chrono::steady_clock::time_point now) {
  const Snapshot at = board_.sum();
  const double speed = rate(now, at.fetched_bytes);
  if (bar_) {
    Terminal::instance().set_bar(draw(at, speed, Terminal::columns(), board_.label()));
  } else if (lines_ && now - last_line_ >= kBetweenLines) {
    last_line_ = now;
    const std::string label = board_.label();
    log_.line(LogLevel::Info, "progress",
              (label.empty() ? "" : label + ": ") + describe(at, speed));
  }
}

void ProgressView::tell_of_signal() {
  if (!signal_told_ && cancellation_.signal() != 0) {
    signal_told_ = true;
    log_.line(LogLevel::Warn, "run",
              "stopping: what is in flight is finished first; a second signal stops at once");
  }
}

/// Smoothed over some seconds, so that the time left does not jump.
double ProgressView::rate(std::chrono::steady_clock::time_point now, std::uint64_t bytes) {
  const double time = std::chrono::duration<double>(now - last_rate_).count();
  if (time >= 0.5) {
    const double current = static_cast<double>(bytes - std::min(bytes, last_bytes_)) / time;
    rate_ = rate_ == 0 ? current : 0.8 * rate_ + 0.2 * current;
    last_rate_ = now;
    last_bytes_ = bytes;
  }
  return rate_;
}

}  // namespace mailpipe::app
