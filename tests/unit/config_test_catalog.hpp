#pragma once

#include "config/catalog.hpp"

#include <string>
#include <vector>

namespace mailpipe::config {

/// jmap, window, eml and mbox as manifests would describe them, and a refused sink 'glacier'.
class TestCatalog : public Catalog {
 public:
  TestCatalog();

  const ComponentInfo* find(Kind kind, std::string_view type) const override;
  std::vector<std::string> types(Kind kind) const override;
  std::optional<std::string> refused(Kind kind, std::string_view type) const override;

  /// One more component, to try a schema on.
  void add(Kind kind, const std::string& type, const std::string& schema);

 private:
  std::vector<ComponentInfo> components_;
};

}  // namespace mailpipe::config
