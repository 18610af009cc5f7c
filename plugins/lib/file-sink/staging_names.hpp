#pragma once

#include <array>
#include <cstdint>
#include <cstdio>
#include <random>
#include <string>
#include <string_view>

namespace mailpipe {

/// Names of files that no reader is to see yet: "mp-<16 digits that this run drew>-<number>". Two
/// runs never meet, and a later run knows them for ours.
class StagingNames {
 public:
  StagingNames() {
    std::random_device random;
    std::array<char, 24> text{};
    std::snprintf(text.data(), text.size(), "%08x%08x", random(), random());
    prefix_ = std::string(kPrefix) + text.data() + "-";
  }

  std::string next() { return prefix_ + std::to_string(++number_); }

  /// Whether `name` can be one, of whatever run.
  static bool is_ours(std::string_view name) {
    return name.starts_with(kPrefix) &&
           name.find_first_not_of("0123456789abcdef-", kPrefix.size()) == std::string_view::npos;
  }

 private:
  static constexpr std::string_view kPrefix = "mp-";

  std::string prefix_;
  std::uint64_t number_ = 0;
};

}  // namespace mailpipe
