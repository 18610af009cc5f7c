#pragma once

#include "config/catalog.hpp"
#include "location.hpp"
#include "manifest.hpp"
#include "refused.hpp"

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mailpipe::plugin {

/// A file that may be a plugin, and all that was learnt of it without running it.
struct Candidate {
  std::filesystem::path path;  ///< absolute, without symbolic links
  FileId file;
  std::optional<Tag> tag;            ///< as far as it could be read, even when refused
  std::optional<Manifest> manifest;  ///< the same
  std::optional<Refused> refused;    ///< why it is not used
};

/// Reads one file through the checks that come before loading.
/// Errors  None: they are in Candidate::refused.
Candidate examine(const std::filesystem::path& path);

/// The plugins in some folders, as the configuration sees them. No plugin code runs.
///
/// A candidate that is refused hides nothing and stops nothing: it is named when a pipeline asks
/// for one of its types, and listed by `mailpipe plugins`. Two files with one id, or of one type,
/// are both refused: the first found never wins silently.
class Catalog final : public config::Catalog {
 public:
  explicit Catalog(const std::vector<std::filesystem::path>& folders);

  const config::ComponentInfo* find(config::Kind kind, std::string_view type) const override;
  std::vector<std::string> types(config::Kind kind) const override;
  std::optional<std::string> refused(config::Kind kind, std::string_view type) const override;

  /// Sorted by path.
  const std::vector<Candidate>& candidates() const noexcept { return candidates_; }

  /// The file that has this usable type; null like find().
  const Candidate* provider(config::Kind kind, std::string_view type) const;

 private:
  using Key = std::pair<config::Kind, std::string>;

  void collect(const std::filesystem::path& folder);
  void refuse_equal_ids();
  void refuse_equal_types();

  std::vector<Candidate> candidates_;
  std::map<Key, std::pair<std::size_t, std::size_t>> usable_;  ///< -> candidate, component
};

/// The block that a person sees: `error[MP5002]: plugin 'x' 1.0 cannot be loaded ...`.
std::string explain(const Candidate& candidate, const Refused& why);

}  // namespace mailpipe::plugin
