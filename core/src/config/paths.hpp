#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace mailpipe::config {

/// `~` and `~/...` expanded, made absolute below `folder`, `.` and `..` folded. Nothing for what cannot be a path:
/// empty, or `~user`. No file is looked at.
std::optional<std::string> absolute_path(std::string_view text,
                                         const std::filesystem::path& folder);

}  // namespace mailpipe::config
