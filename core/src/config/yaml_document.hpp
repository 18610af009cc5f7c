#pragma once

#include "config/diagnostic.hpp"
#include "config/node.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mailpipe::config {

inline constexpr std::size_t kMaxFile = std::size_t{1} << 20U;

/// The whole file, or a diagnostic (MP1001) and nothing: missing, not a file, larger than kMaxFile.
std::optional<std::string> read_source(const std::filesystem::path& path,
                                       std::vector<Diagnostic>& diagnostics);

/// Parses our subset of YAML: one document of mappings with plain-text keys, lists and scalars, anchors and aliases; no
/// merge keys, tags, duplicate keys or cycles. `file` is what marks and diagnostics name.
/// Errors  Diagnostics, as many as can be told apart; null when there is no tree worth looking at.
/// Cost    Linear in the text: depth and alias expansion are capped before anything is built from them.
NodePtr parse_yaml(std::string_view text, const std::string& file,
                   std::vector<Diagnostic>& diagnostics);

}  // namespace mailpipe::config
