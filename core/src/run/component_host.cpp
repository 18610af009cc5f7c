#include "run/component_host.hpp"

#include "state/ledger.hpp"

#include <mailpipe/error.hpp>

namespace mailpipe::run {

void ComponentHost::log(LogLevel level, std::string_view message, const Pairs& fields) {
  services_.log(level, component_, message, fields);
}

void ComponentHost::count(std::string_view name, std::uint64_t add) {
  const std::lock_guard lock(mutex_);
  counters_[std::string(name)] += add;
}

std::map<std::string, std::uint64_t> ComponentHost::counters() const {
  const std::lock_guard lock(mutex_);
  return counters_;
}

void ComponentHost::wait(std::chrono::milliseconds time) {
  if (!services_.cancellation.wait(time)) {
    throw Error(ErrorClass::Cancelled, "the run was cancelled");
  }
}

std::string ComponentHost::secret(std::string_view pointer, bool refresh) {
  return services_.secret(component_, pointer, refresh);
}

std::optional<std::string> ComponentHost::get(std::string_view name) {
  return access_.ledger == nullptr ? std::nullopt : access_.ledger->value(component_, name);
}

void ComponentHost::put(std::string_view name, std::string_view value) {
  if (access_.ledger == nullptr) {
    throw Error(ErrorClass::Internal, "a value was kept outside a run");
  }
  access_.ledger->set_value(component_, name, value);
}

std::optional<std::string> ComponentHost::kept(std::string_view key) {
  if (access_.on_its_way && access_.on_its_way(key)) {
    return std::string(key);
  }
  return access_.ledger == nullptr ? std::nullopt : access_.ledger->stored_as(key, access_.archive);
}

}  // namespace mailpipe::run
