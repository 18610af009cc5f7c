#pragma once

#include <mailpipe/error.hpp>

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mailpipe {

/// A component's options, as the engine hands them over: valid against the manifest's schema,
/// defaults filled in, durations in seconds, sizes in octets, instants in seconds since the epoch,
/// paths absolute. Secrets are not here: ask Host::secret().
class Options {
 public:
  /// Throws Error(Internal) if the text is no JSON object.
  explicit Options(std::string_view text) : json_(nlohmann::json::parse(text, nullptr, false)) {
    if (!json_.is_object()) {
      throw Error(ErrorClass::Internal, "the options are no JSON object");
    }
  }

  bool has(const std::string& name) const {
    return json_.contains(name) && !json_.at(name).is_null();
  }

  std::string text(const std::string& name) const { return get<std::string>(name); }

  std::string text_or(const std::string& name, std::string other) const {
    return has(name) ? text(name) : std::move(other);
  }

  bool flag(const std::string& name) const { return has(name) && get<bool>(name); }

  std::uint64_t number(const std::string& name) const { return get<std::uint64_t>(name); }

  std::chrono::seconds duration(const std::string& name) const {
    return std::chrono::seconds(get<std::int64_t>(name));
  }

  std::optional<std::chrono::sys_seconds> instant(const std::string& name) const {
    if (!has(name)) {
      return std::nullopt;
    }
    return std::chrono::sys_seconds(std::chrono::seconds(get<std::int64_t>(name)));
  }

  std::vector<std::string> list(const std::string& name) const {
    return has(name) ? get<std::vector<std::string>>(name) : std::vector<std::string>{};
  }

  const nlohmann::json& json() const noexcept { return json_; }

 private:
  template <class T>
  T get(const std::string& name) const {
    try {
      return json_.at(name).get<T>();
    } catch (const nlohmann::json::exception&) {
      throw Error(ErrorClass::Internal,
                  "option '" + name + "' is missing or of another type than the schema says");
    }
  }

  nlohmann::json json_;
};

}  // namespace mailpipe
