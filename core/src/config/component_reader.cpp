#include "config/component_reader.hpp"

#include "config/engine_schema.hpp"
#include "config/schema_check.hpp"
#include "config/schema_words.hpp"
#include "config/suggest.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace mailpipe::config {
namespace {

constexpr char kNameRule[] = "use a-z, 0-9, - and _, at most 64 of them";

/// A plugin's schema, or a discarded value. The options themselves are always a mapping of named options.
nlohmann::json options_schema(const ComponentInfo& info) {
  nlohmann::json schema = nlohmann::json::parse(info.schema, nullptr, false);
  if (schema.is_object()) {
    schema["type"] = "object";
    if (!schema.contains("properties")) {
      schema["properties"] = nlohmann::json::object();
    }
  }
  return schema;
}

std::string owner_of(Kind kind, const std::string& type) {
  return std::string(name_of(kind)) + " '" + type + "'";
}

template <class Visit>
void each_component(Pipeline& pipeline, Visit visit) {
  visit(pipeline.source);
  for (ComponentSpec& filter : pipeline.filters) {
    visit(filter);
  }
  for (SinkSpec& sink : pipeline.sinks) {
    visit(sink);
    for (ComponentSpec& filter : sink.filters) {
      visit(filter);
    }
  }
}

}  // namespace

bool is_name(const std::string& text) noexcept {
  constexpr std::size_t kLongest = 64;
  return !text.empty() && text.size() <= kLongest &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
         });
}

const ComponentInfo* ComponentReader::find_type(const Entry& type, Kind kind) {
  const std::string& name = type.value->text;
  const Mark& at = type.value->mark;
  const std::string kind_name(name_of(kind));
  if (const ComponentInfo* info = catalog_.find(kind, name)) {
    return info;
  }
  if (const auto reason = catalog_.refused(kind, name)) {
    add_error(findings_, "MP1103", at,
              "the plugin of " + owner_of(kind, name) + " was refused: " + *reason,
              {{}, "mailpipe plugins"});
    return nullptr;
  }
  for (const Kind other : {Kind::Source, Kind::Filter, Kind::Sink}) {
    if (other != kind && catalog_.find(other, name) != nullptr) {
      add_error(findings_, "MP1102", at,
                std::string("'")
                    .append(name)
                    .append("' is a ")
                    .append(name_of(other))
                    .append(", not a ")
                    .append(kind_name),
                {{}, "there are: " + listed(catalog_.types(kind))});
      return nullptr;
    }
  }
  const std::vector<std::string> types = catalog_.types(kind);
  add_error(findings_, "MP1101", at, "unknown " + kind_name + " '" + name + "'",
            {did_you_mean(name, types),
             types.empty() ? "no plugin with a " + kind_name + " was found: mailpipe plugins"
                           : "there are: " + listed(types)});
  return nullptr;
}

void ComponentReader::read_id(const Node& node, ComponentSpec& spec) {
  const Entry* id = node.find("id");
  const Mark at = id != nullptr ? id->value->mark : spec.mark;
  if (id != nullptr && id->value->type == Node::Type::String) {
    spec.id = id->value->text;
    if (!is_name(spec.id)) {
      add_error(findings_, "MP1022", at,
                "the id " + describe(*id->value) + " has characters that an id cannot have",
                {{}, kNameRule});
      return;
    }
  }
  const auto [first, added] = ids_.emplace(spec.id, at);
  if (!added) {
    add_error(
        findings_, "MP1201", at,
        "the id '" + spec.id + "' is already used in line " + std::to_string(first->second.line),
        {{}, "give one of the two an 'id:' of its own; without one the type is the id"});
  }
}

void ComponentReader::read_options(const Node& node, const ComponentInfo& info,
                                   ComponentSpec& spec) {
  CheckScope scope;
  scope.owner = owner_of(info.kind, info.type);
  scope.help = "mailpipe inspect " + info.type;
  scope.folder = folder_;
  scope.elsewhere = property_names(component_schema(info.kind));
  scope.elsewhere_code = "MP1008";
  scope.elsewhere_message =
      "is an engine key, not an option of " + scope.owner + "; move it out of 'with:'";
  const nlohmann::json schema = options_schema(info);
  if (!schema.is_object()) {
    add_error(findings_, "MP1104", spec.mark,
              "the schema of " + scope.owner + " cannot be used: it is not a JSON object");
    return;
  }
  const Entry* with = node.find("with");
  Node none;
  none.type = Node::Type::Map;
  none.mark = spec.mark;
  const bool given = with != nullptr && with->value->type != Node::Type::Null;
  if (given && !with->value->is_map()) {
    add_error(findings_, "MP1010", with->value->mark,
              "'with' of " + scope.owner + " expects a mapping, got " + describe(*with->value));
    return;
  }
  Checked checked = check_mapping(given ? *with->value : none, schema, scope,
                                  with != nullptr ? with->mark : spec.mark, findings_, sources_);
  if (checked.valid) {
    spec.options = checked.value.dump();
    spec.written = checked.written.dump();
    spec.secrets = std::move(checked.secrets);
  }
}

ComponentSpec ComponentReader::read(const Node& node, Kind kind, const Mark& where) {
  ComponentSpec spec;
  spec.kind = kind;
  spec.mark = where;
  const std::string kind_name(name_of(kind));
  if (!node.is_map()) {
    add_error(findings_, "MP1010", node.type == Node::Type::Null ? where : node.mark,
              "a " + kind_name + " is a mapping with 'type:' and 'with:', got " + describe(node));
    return spec;
  }
  const Entry* type = node.find("type");
  const ComponentInfo* info = nullptr;
  CheckScope scope;
  scope.noun = "key";
  scope.owner = "a " + kind_name;
  scope.folder = folder_;
  if (type != nullptr && type->value->type == Node::Type::String) {
    spec.type = spec.id = type->value->text;
    spec.mark = type->value->mark;
    scope.owner = owner_of(kind, spec.type);
    info = find_type(*type, kind);
    read_id(node, spec);
  }
  if (info != nullptr) {
    const nlohmann::json options = options_schema(*info);
    scope.elsewhere = options.is_object() ? property_names(options) : std::vector<std::string>();
    scope.elsewhere_code = "MP1007";
    scope.elsewhere_message =
        "is an option of " + scope.owner + ", not an engine key; move it under 'with:'";
  }
  check_mapping(node, component_schema(kind), scope, where, findings_, sources_);
  if (info != nullptr) {
    read_options(node, *info, spec);
  }
  return spec;
}

ComponentSpec ComponentReader::read_source(const Entry& entry) {
  return read(*entry.value, Kind::Source, entry.mark);
}

std::vector<ComponentSpec> ComponentReader::read_filters(const Entry& entry) {
  std::vector<ComponentSpec> filters;
  for (const NodePtr& item : entry.value->items) {
    filters.push_back(read(*item, Kind::Filter, item->mark));
  }
  return filters;
}

std::vector<SinkSpec> ComponentReader::read_sinks(const Entry& entry) {
  std::vector<SinkSpec> sinks;
  for (const NodePtr& item : entry.value->items) {
    sinks.push_back(read_sink(*item));
  }
  if (!entry.value->is_list()) {
    return sinks;  // said by the frame's schema
  }
  if (sinks.empty()) {
    add_error(findings_, "MP1202", entry.mark, "a pipeline needs at least one sink");
  } else if (std::none_of(sinks.begin(), sinks.end(),
                          [](const SinkSpec& sink) { return sink.required; })) {
    add_error(findings_, "MP1203", entry.mark,
              "no sink is required: nothing would tell when a message is saved",
              {{}, "remove 'best_effort' from one of them"});
  }
  refuse_same_place(sinks);
  return sinks;
}

/// Each of two sinks would take the other's files for foreign ones.
void ComponentReader::refuse_same_place(const std::vector<SinkSpec>& sinks) {
  std::map<std::string, const SinkSpec*> by_path;
  for (const SinkSpec& sink : sinks) {
    const auto path = path_of(sink);
    if (!path) {
      continue;
    }
    const auto [first, added] = by_path.emplace(*path, &sink);
    if (!added) {
      add_error(findings_, "MP1207", sink.mark,
                "the sink writes to the same place as the one in line " +
                    std::to_string(first->second->mark.line),
                {{}, "give every sink a path of its own"});
    }
  }
}

std::optional<std::string> path_of(const SinkSpec& spec) {
  const auto options = nlohmann::json::parse(spec.options, nullptr, false);
  if (options.is_object() && options.contains("path") && options["path"].is_string()) {
    return options["path"].get<std::string>();
  }
  return std::nullopt;
}

SinkSpec ComponentReader::read_sink(const Node& node) {
  SinkSpec sink;
  static_cast<ComponentSpec&>(sink) = read(node, Kind::Sink, node.mark);
  if (!node.is_map()) {
    return sink;
  }
  read_duty(node, sink);
  read_on_remove(node, catalog_.find(Kind::Sink, sink.type), sink);
  if (const Entry* filters = node.find("filters");
      filters != nullptr && filters->value->is_list()) {
    sink.filters = read_filters(*filters);
    refuse_owners(sink);
  }
  return sink;
}

/// A duplicate is one of a message that the pipeline keeps: all of its sinks, not this one.
void ComponentReader::refuse_owners(const SinkSpec& sink) {
  for (const ComponentSpec& filter : sink.filters) {
    const ComponentInfo* info = catalog_.find(Kind::Filter, filter.type);
    if (info != nullptr && info->capabilities.contains("owners")) {
      add_error(findings_, "MP1206", filter.mark,
                "filter '" + filter.type +
                    "' cannot be a filter of one sink: it compares the messages of the pipeline",
                {{}, "move it to the 'filters:' of the pipeline, beside 'sinks:'"});
    }
  }
}

void ComponentReader::read_duty(const Node& node, SinkSpec& sink) {
  const auto find_boolean = [&](const char* key) {
    const Entry* entry = node.find(key);
    return entry != nullptr && entry->value->type == Node::Type::Boolean ? entry : nullptr;
  };
  const Entry* required = find_boolean("required");
  const Entry* best_effort = find_boolean("best_effort");
  if (required != nullptr && best_effort != nullptr &&
      required->value->boolean == best_effort->value->boolean) {
    add_error(findings_, "MP1205", best_effort->mark, "a sink is either required or best_effort",
              {{}, "remove one of the two keys"});
    return;
  }
  if (best_effort != nullptr) {
    sink.required = !best_effort->value->boolean;
  } else if (required != nullptr) {
    sink.required = required->value->boolean;
  }
}

void ComponentReader::read_on_remove(const Node& node, const ComponentInfo* info, SinkSpec& sink) {
  const Entry* entry = node.find("on_remove");
  if (entry == nullptr) {
    return;
  }
  const std::string& text = entry->value->text;
  sink.on_remove = text == "trash"    ? OnRemove::Trash
                   : text == "delete" ? OnRemove::Delete
                                      : OnRemove::Keep;
  if (sink.on_remove != OnRemove::Keep && info != nullptr &&
      !info->capabilities.contains("remove")) {
    add_error(
        findings_, "MP1204", entry->value->mark,
        "sink '" + sink.type + "' cannot remove messages: 'on_remove: " + text + "' cannot work",
        {{}, "use 'on_remove: keep' or another sink"});
  }
}

void ComponentReader::hide_variables(const std::vector<Pipeline*>& pipelines) {
  std::vector<std::string> names;
  const auto collect = [&](const ComponentSpec& spec) {
    for (const SecretReference& secret : spec.secrets) {
      if (secret.from == SecretReference::From::Env &&
          std::find(names.begin(), names.end(), secret.name) == names.end()) {
        names.push_back(secret.name);
      }
    }
  };
  const auto hide = [&](ComponentSpec& spec) {
    for (SecretReference& secret : spec.secrets) {
      if (secret.from == SecretReference::From::Command) {
        secret.hidden = names;
      }
    }
  };
  for (Pipeline* pipeline : pipelines) {
    each_component(*pipeline, collect);
  }
  for (Pipeline* pipeline : pipelines) {
    each_component(*pipeline, hide);
  }
}

}  // namespace mailpipe::config
