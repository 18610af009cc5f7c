#pragma once

#include "config/catalog.hpp"
#include "config/diagnostic.hpp"
#include "config/pipeline.hpp"
#include "config/selection.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mailpipe::config {

enum class Strictness { Normal, Strict };  ///< Strict: every warning is an error

struct LintOptions {
  std::vector<std::string>
      overrides;  ///< each "PATH=VALUE": run.memory=64MiB, sinks.eml.with.path=/tmp/x
  Strictness strictness = Strictness::Normal;
  std::vector<Selection> select;  ///< cells of the matrix; empty: all
};

struct LintResult {
  /// One pipeline: that of the file, or of one selected cell of its matrix.
  struct Part {
    std::string name;                                       ///< as far as it is known
    std::vector<std::pair<std::string, std::string>> cell;  ///< axis, value
    std::optional<Pipeline> pipeline;                       ///< only when nothing is wrong with it
    std::string problem;                                    ///< else the first thing that is
    int exit_code = 0;                                      ///< of this one alone
  };

  std::vector<Part> parts;  ///< in the order of the file; empty when it cannot be expanded
  std::vector<Diagnostic> diagnostics;
  Sources sources;  ///< for render()

  /// 0, 2 (configuration), or 5 when refused plugins are all that is wrong.
  int exit_code() const;

  /// The first usable pipeline, or null.
  const Pipeline* pipeline() const noexcept;
};

/// Reads and checks one pipeline file; reports everything that is wrong at once, and what several
/// cells of a matrix share only once. Runs no plugin
/// code, resolves no secret, but says when the variable of a `$env` is missing. Errors  None for
/// what the file holds, be it hostile: that is diagnostics. Cost is bounded whatever the input.
LintResult load_pipeline(const std::filesystem::path& path, const Catalog& catalog,
                         const LintOptions& options = {});

/// The same for a text that is already in memory; `name` stands for the file in diagnostics, and
/// relative paths count from its folder.
LintResult load_pipeline_text(std::string_view text, const std::filesystem::path& name,
                              const Catalog& catalog, const LintOptions& options = {});

}  // namespace mailpipe::config
