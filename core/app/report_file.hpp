#pragma once

#include <nlohmann/json_fwd.hpp>

#include <filesystem>
#include <string_view>

namespace mailpipe::app {

/// Whether a report can be written there: asked before a run, which may take hours.
/// Errors  Error(Config), naming the path.
void check_report_place(const std::filesystem::path& path);

/// Puts `text` in place of the file at once: a reader sees the old or the new one, and only this
/// user may read it. A link to a file is followed; a pipe or a device is written to, never replaced.
/// Errors  Error(Config, NoSpace, Permanent), naming the path.
void write_report_file(const std::filesystem::path& path, std::string_view text);

/// The same with the text of `json`, without secrets.
void write_report(const std::filesystem::path& path, const nlohmann::json& json);

}  // namespace mailpipe::app
