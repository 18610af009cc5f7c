#pragma once

#include "arguments.hpp"
#include "config/lint.hpp"
#include "log.hpp"
#include "plugin/catalog.hpp"

#include <mailpipe/error.hpp>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace mailpipe::app {

/// `--select`, for every command that reads a pipeline file.
void add_select_option(OptionTable& options);

/// Errors  Error(Config) for one that is not AXIS=VALUE.
std::vector<config::Selection> selections_of(const std::string& command,
                                             const Arguments& arguments);

/// What a command that works on one pipeline says of a file with several.
Error several_pipelines(const std::filesystem::path& file, std::size_t count);

/// Whether a --select chose nothing in this file: misuse, after which no file is worked on.
bool selects_nothing(const config::LintResult& result);

/// Reads a pipeline file, with all cells of its matrix; prints what is wrong on standard error.
config::LintResult read_pipelines(const std::filesystem::path& file, const plugin::Catalog& catalog,
                                  const config::LintOptions& options, const Log* log = nullptr);

/// The same for what works on one pipeline only. Nothing if it cannot be used: `exit_code` says why.
/// Errors  Error(Config) when the file has several and --select left more than one.
std::optional<config::Pipeline> read_pipeline(const std::filesystem::path& file,
                                              const plugin::Catalog& catalog,
                                              const config::LintOptions& options, int& exit_code,
                                              const Log* log = nullptr);

}  // namespace mailpipe::app
