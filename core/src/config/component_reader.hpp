#pragma once

#include "config/catalog.hpp"
#include "config/findings.hpp"
#include "config/node.hpp"
#include "config/pipeline.hpp"

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace mailpipe::config {

/// Reads sources, filters and sinks of one pipeline against the catalog and keeps their ids apart.
///
/// Life cycle  One per pipeline. read_source(), read_filters(), read_sinks() in any order, then hide_variables().
/// Ownership   Borrows all it is given.
/// Errors      Diagnostics; what is returned after an error must not be used.
class ComponentReader {
 public:
  ComponentReader(const Catalog& catalog, std::filesystem::path folder, Findings& findings,
                  Sources& sources)
      : catalog_(catalog),
        folder_(std::move(folder)),
        findings_(findings),
        sources_(sources) {}

  ComponentSpec read_source(const Entry& entry);
  std::vector<ComponentSpec> read_filters(const Entry& entry);
  std::vector<SinkSpec> read_sinks(const Entry& entry);

  /// Tells every $command which variables hold the other secrets of these pipelines.
  static void hide_variables(const std::vector<Pipeline*>& pipelines);

 private:
  ComponentSpec read(const Node& node, Kind kind, const Mark& where);
  SinkSpec read_sink(const Node& node);
  const ComponentInfo* find_type(const Entry& type, Kind kind);
  void read_options(const Node& node, const ComponentInfo& info, ComponentSpec& spec);
  void read_id(const Node& node, ComponentSpec& spec);
  void refuse_owners(const SinkSpec& sink);
  void refuse_same_place(const std::vector<SinkSpec>& sinks);
  void read_duty(const Node& node, SinkSpec& sink);
  void read_on_remove(const Node& node, const ComponentInfo* info, SinkSpec& sink);

  const Catalog& catalog_;
  std::filesystem::path folder_;
  Findings& findings_;
  Sources& sources_;
  std::map<std::string, Mark> ids_;
};

/// The folder or file that a sink writes to, for every sink that has one.
std::optional<std::string> path_of(const SinkSpec& spec);

/// Whether a text can be a pipeline's name or a component's id: 1 to 64 of a-z, 0-9, - and _.
bool is_name(const std::string& text) noexcept;

}  // namespace mailpipe::config
