#include "log.hpp"

#include "redactor.hpp"
#include "terminal.hpp"

#include <mailpipe/printable.hpp>

#include <nlohmann/json.hpp>
#include <spdlog/details/null_mutex.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>

#include <atomic>

namespace mailpipe::app {

namespace {

constexpr char kTextPattern[] = "%H:%M:%S %-8l %v";
constexpr char kJsonPattern[] = R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})";

/// Hands formatted lines to the terminal, which has a lock of its own.
class TerminalSink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    Terminal::instance().write(Redactor::instance().redact(std::string(line.data(), line.size())));
  }

  void flush_() override {}
};

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::Debug:
      return spdlog::level::debug;
    case LogLevel::Info:
      return spdlog::level::info;
    case LogLevel::Warn:
      return spdlog::level::warn;
    case LogLevel::Error:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

std::string as_text(std::string_view component, std::string_view message, const Pairs& fields) {
  std::string out = printable(component, 100) + ": " + printable(message, 2000);
  for (const auto& [name, value] : fields) {
    out += " " + printable(name, 60) + "=" + printable(value, 500);
  }
  return out;
}

/// The members of an object, for the pattern to put its braces around.
std::string as_json(std::string_view component, std::string_view message, const Pairs& fields) {
  nlohmann::json out{{"component", printable(component, 100)},
                     {"message", printable(message, 2000)}};
  for (const auto& [name, value] : fields) {
    out["fields"][printable(name, 60)] = printable(value, 2000);
  }
  const std::string object = out.dump();
  return object.substr(1, object.size() - 2);
}

std::atomic<bool> in_json{false};

}  // namespace

struct Log::Impl {
  spdlog::logger logger{"mailpipe", std::make_shared<TerminalSink>()};
};

Log::Log(Form form, LogLevel least) : form_(form), impl_(std::make_unique<Impl>()) {
  impl_->logger.set_level(to_spdlog(least));
  if (form == Form::Json) {
    impl_->logger.set_formatter(
        std::make_unique<spdlog::pattern_formatter>(kJsonPattern, spdlog::pattern_time_type::utc));
  } else {
    impl_->logger.set_formatter(std::make_unique<spdlog::pattern_formatter>(kTextPattern));
  }
}

Log::~Log() = default;

void Log::line(LogLevel level, std::string_view component, std::string_view message,
               const Pairs& fields) const {
  const auto at = to_spdlog(level);
  if (impl_->logger.should_log(at)) {
    impl_->logger.log(
        at, spdlog::string_view_t(form_ == Form::Json ? as_json(component, message, fields)
                                                      : as_text(component, message, fields)));
  }
}

void complain_in_json() {
  in_json = true;
}

void complain(std::string_view what, std::string_view hint) {
  if (!in_json) {
    return Terminal::instance().error(what, hint);
  }
  const Pairs help{{"help", std::string(hint)}};
  Log(Log::Form::Json, LogLevel::Error)
      .line(LogLevel::Error, "mailpipe", what, hint.empty() ? Pairs{} : help);
}

}  // namespace mailpipe::app
