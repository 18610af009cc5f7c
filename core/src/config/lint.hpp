#pragma once

#include "config/catalog.hpp"
#include "config/diagnostic.hpp"
#include "config/pipeline.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mailpipe::config {

enum class Strictness { Normal, Strict };  ///< Strict: every warning is an error

struct LintOptions {
  std::vector<std::string>
      overrides;  ///< each "PATH=VALUE": run.memory=64MiB, sinks.eml.with.path=/tmp/x
  Strictness strictness = Strictness::Normal;
};

struct LintResult {
  std::optional<Pipeline> pipeline;  ///< only when there is no error
  std::vector<Diagnostic> diagnostics;
  Sources sources;  ///< for render()

  /// 0, 2 (configuration), or 5 when refused plugins are all that is wrong.
  int exit_code() const;
};

/// Reads and checks one pipeline file; reports everything that is wrong at once. Runs no plugin
/// code, resolves no secret, but says when the variable of a `$env` is missing. Errors  None for
/// what the file holds, be it hostile: that is diagnostics. Cost is bounded whatever the input.
LintResult load_pipeline(const std::filesystem::path& path, const Catalog& catalog,
                         const LintOptions& options = {});

/// The same for a text that is already in memory; `name` stands for the file in diagnostics, and
/// relative paths count from its folder.
LintResult load_pipeline_text(std::string_view text, const std::filesystem::path& name,
                              const Catalog& catalog, const LintOptions& options = {});

}  // namespace mailpipe::config
