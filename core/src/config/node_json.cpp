#include "config/node_json.hpp"

#include <nlohmann/json.hpp>

#include <memory>

namespace mailpipe::config {

nlohmann::json to_json(const Node& node) {
  switch (node.type) {
    case Node::Type::Null:
      return nullptr;
    case Node::Type::Boolean:
      return node.boolean;
    case Node::Type::Integer:
      return node.integer;
    case Node::Type::Real:
      return node.real;
    case Node::Type::String:
      return node.text;
    case Node::Type::List: {
      nlohmann::json list = nlohmann::json::array();
      for (const NodePtr& item : node.items) {
        list.push_back(to_json(*item));
      }
      return list;
    }
    case Node::Type::Map:
      break;
  }
  nlohmann::json map = nlohmann::json::object();
  for (const Entry& entry : node.entries) {
    map[entry.key] = to_json(*entry.value);
  }
  return map;
}

Node from_json(const nlohmann::json& json, const Mark& mark) {
  if (json.is_string()) {
    return make_scalar(json.get<std::string>(), false, mark);
  }
  if (!json.is_structured()) {
    return make_scalar(json.dump(), true, mark);
  }
  Node node;
  node.mark = mark;
  node.type = json.is_array() ? Node::Type::List : Node::Type::Map;
  for (const auto& [key, value] : json.items()) {
    auto child = std::make_shared<const Node>(from_json(value, mark));
    if (json.is_array()) {
      node.items.push_back(std::move(child));
    } else {
      node.entries.push_back({key, mark, std::move(child)});
    }
  }
  return node;
}

}  // namespace mailpipe::config
