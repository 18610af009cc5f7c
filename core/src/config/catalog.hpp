#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace mailpipe::config {

/// What a component is; values are those of plugin.h.
enum class Kind : std::uint32_t { Source = 1, Filter = 2, Sink = 3 };

/// "source", "filter" or "sink".
std::string_view name_of(Kind kind) noexcept;

/// What a plugin's manifest says of one component type.
struct ComponentInfo {
  Kind kind = Kind::Source;
  std::string type;  ///< what `type:` in the pipeline names
  std::string summary;
  std::set<std::string>
      capabilities;  ///< of a sink: link, update, remove, ...; of a filter: owners, places

  /// JSON Schema draft-07 of the options under `with:`, as text; an object schema. Describes
  /// options as users write them; the annotations x-mp-secret, x-mp-format, deprecated and
  /// x-mp-replaced-by are in options.hpp.
  std::string schema = R"({"type":"object"})";

  std::string plugin_id;
  std::string version;
};

/// The component types that there are. The loader implements it from manifests; no plugin code
/// runs.
///
/// Threads    As the implementation says; load_pipeline() calls it from its own thread only.
/// Ownership  What find() returns lives as long as the catalog.
class Catalog {
 public:
  virtual ~Catalog() = default;

  /// Null when no usable plugin has this type.
  virtual const ComponentInfo* find(Kind kind, std::string_view type) const = 0;

  /// All usable types of a kind, sorted.
  virtual std::vector<std::string> types(Kind kind) const = 0;

  /// Why the plugin with this type was found but refused; nothing if there is no such plugin.
  virtual std::optional<std::string> refused(Kind kind, std::string_view type) const = 0;

 protected:
  Catalog() = default;
  Catalog(const Catalog&) = default;
  Catalog& operator=(const Catalog&) = default;
};

}  // namespace mailpipe::config
