#pragma once

#include <nlohmann/json_fwd.hpp>

#include <filesystem>
#include <string_view>

namespace mailpipe::app {

/// Puts `text` in place of the file at once: a reader sees the old or the new one, and only this
/// user may read it.
/// Errors  Error(Config, NoSpace, Permanent), naming the path.
void replace_file(const std::filesystem::path& path, std::string_view text);

/// The same with the text of `json`, without secrets.
void write_report(const std::filesystem::path& path, const nlohmann::json& json);

}  // namespace mailpipe::app
