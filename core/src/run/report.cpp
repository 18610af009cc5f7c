#include "report.hpp"

#include <mailpipe/printable.hpp>

#include <nlohmann/json.hpp>

#include <ctime>

namespace mailpipe::run {

namespace {

using Json = nlohmann::json;

std::string to_text(std::chrono::sys_seconds time) {
  const std::time_t seconds = time.time_since_epoch().count();
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

const char* name_of(ErrorClass error_class) {
  switch (error_class) {
    case ErrorClass::Transient:
      return "transient";
    case ErrorClass::RateLimit:
      return "rate_limit";
    case ErrorClass::Auth:
      return "auth";
    case ErrorClass::Config:
      return "config";
    case ErrorClass::Item:
      return "item";
    case ErrorClass::Permanent:
      return "permanent";
    case ErrorClass::Cancelled:
      return "cancelled";
    case ErrorClass::CursorLost:
      return "cursor_lost";
    case ErrorClass::NoSpace:
      return "no_space";
    case ErrorClass::Internal:
      return "internal";
  }
  return "internal";
}

Json counts_json(const Counts& counts) {
  return {{"listed", counts.listed},       {"removed", counts.removed},
          {"reoffered", counts.reoffered}, {"known", counts.known},
          {"updated", counts.updated},     {"filtered", counts.filtered},
          {"held", counts.held},           {"deduped", counts.deduped},
          {"stored", counts.stored},       {"quarantined", counts.quarantined},
          {"gone", counts.gone},           {"failed", counts.failed}};
}

Json sink_json(const SinkReport& sink) {
  Json out{{"id", printable(sink.id)}, {"required", sink.required},   {"stored", sink.stored},
           {"adopted", sink.adopted},  {"caught_up", sink.caught_up}, {"bytes", sink.bytes}};
  for (const auto& [name, number] :
       {std::pair("linked", sink.linked), std::pair("updated", sink.updated),
        std::pair("removed", sink.removed), std::pair("owed", sink.owed)}) {
    out[name] = number;
  }
  if (sink.left_alone != 0) {
    out["left_alone"] = sink.left_alone;
  }
  if (!sink.error.empty()) {
    out["error"] = printable(sink.error);
  }
  return out;
}

Json error_json(const ErrorReport& error) {
  Json out{{"class", name_of(error.error_class)},
           {"component", printable(error.component)},
           {"message", printable(error.what)}};
  if (!error.hint.empty()) {
    out["help"] = printable(error.hint);
  }
  for (const auto& [name, value] : error.details) {
    out["details"][printable(name)] = printable(value);
  }
  return out;
}

Json numbers_json(const std::map<std::string, std::uint64_t>& numbers) {
  Json out = Json::object();
  for (const auto& [name, number] : numbers) {
    out[printable(name)] = number;
  }
  return out;
}

template <class T, class Function>
Json list_json(const std::vector<T>& values, Function to_json_of) {
  Json out = Json::array();
  for (const T& value : values) {
    out.push_back(to_json_of(value));
  }
  return out;
}

}  // namespace

Counts& Counts::operator+=(const Counts& other) noexcept {
  listed += other.listed;
  removed += other.removed;
  reoffered += other.reoffered;
  known += other.known;
  updated += other.updated;
  filtered += other.filtered;
  held += other.held;
  deduped += other.deduped;
  stored += other.stored;
  quarantined += other.quarantined;
  gone += other.gone;
  failed += other.failed;
  return *this;
}

Json to_json(const RunReport& report) {
  const auto stream = [](const StreamReport& one) {
    return Json{{"name", printable(one.name)},
                {"label", printable(one.label)},
                {"counts", counts_json(one.counts)}};
  };
  const auto item = [](const ItemReport& one) {
    return Json{{"key", printable(one.key)},
                {"state", printable(one.state)},
                {"reason", printable(one.reason)}};
  };
  return {{"pipeline", printable(report.pipeline)},
          {"run", report.run},
          {"dry_run", report.dry_run},
          {"started", to_text(report.started)},
          {"ended", to_text(report.ended)},
          {"seconds", report.seconds},
          {"counts", counts_json(report.counts)},
          {"adds_up", report.counts.adds_up()},
          {"streams", list_json(report.streams, stream)},
          {"sinks", list_json(report.sinks, sink_json)},
          {"filtered_by", numbers_json(report.filtered_by)},
          {"counters", numbers_json(report.counters)},
          {"bytes", report.fetched_bytes},
          {"held", report.held},
          {"quarantined", report.quarantined},
          {"items", list_json(report.items, item)},
          {"more_items", report.more_items},
          {"errors", list_json(report.errors, error_json)},
          {"exit_code", report.exit_code}};
}

}  // namespace mailpipe::run
