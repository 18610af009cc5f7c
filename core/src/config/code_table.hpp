#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mailpipe::config {

struct CodeEntry {
  std::string_view code;   ///< "MP1004"
  std::string_view title;  ///< a few words
  std::string_view text;   ///< one paragraph: what it means and what to do
};

/// Every code that a diagnostic can carry, sorted. Codes are never reused.
const std::vector<CodeEntry>& code_table();

/// What `mailpipe explain CODE` prints; nothing for an unknown code. Case does not matter.
std::optional<std::string> explain(std::string_view code);

}  // namespace mailpipe::config
