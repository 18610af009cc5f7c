#include "manifest.hpp"

#include "refused.hpp"

#include <mailpipe/plugin.h>
#include <mailpipe/printable.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <set>

namespace mailpipe::plugin {

namespace {

using Json = nlohmann::json;

constexpr std::size_t kMaxManifest = 1U << 20U;
constexpr std::size_t kMaxDepth = 32;
constexpr std::size_t kMaxComponents = 64;
/// How large a tag was in the first minor of this major. Never grows.
constexpr std::size_t kTagFloor = offsetof(mp_tag, toolchain) + sizeof(mp_tag::toolchain);

[[noreturn]] void refuse(const std::string& why) {
  throw Refused(kBadManifest, why,
                "the plugin is damaged or was not built by mailpipe_add_plugin()");
}

template <std::size_t N>
std::string field(const char (&octets)[N], const char* name) {
  const std::size_t length = ::strnlen(octets, N);
  if (length == N) {
    refuse(std::string("the ") + name + " in its tag has no end");
  }
  return {octets, length};
}

/// Lower-case letters, digits and `extra`, beginning with a letter or digit.
bool is_name(std::string_view text, std::string_view extra, std::size_t longest) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !text.empty() && text.size() <= longest && plain(text.front()) &&
         std::all_of(text.begin(), text.end(),
                     [&](char c) { return plain(c) || extra.find(c) != std::string_view::npos; });
}

bool is_version(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view(".-+~").find(c) != std::string_view::npos;
  });
}

/// The parser needs no stack for depth, but what walks the value later does.
bool is_too_deep(std::string_view json) {
  std::size_t depth = 0;
  bool in_text = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_text) {
      i += c == '\\' ? 1 : 0;
      in_text = c != '"';
    } else if (c == '"') {
      in_text = true;
    } else if (c == '{' || c == '[') {
      if (++depth > kMaxDepth) {
        return true;
      }
    } else if (c == '}' || c == ']') {
      depth -= depth > 0 ? 1 : 0;
    }
  }
  return false;
}

std::string text_of(const Json& object, const char* name, bool required) {
  const auto found = object.find(name);
  if (found == object.end() && !required) {
    return {};
  }
  if (found == object.end() || !found->is_string()) {
    refuse(std::string("its manifest has no text '") + name + "'");
  }
  return found->get<std::string>();
}

config::Kind kind_of(const std::string& name) {
  for (const config::Kind kind : {config::Kind::Source, config::Kind::Filter, config::Kind::Sink}) {
    if (config::name_of(kind) == name) {
      return kind;
    }
  }
  refuse("its manifest has a component of the unknown kind '" + printable(name, 40) + "'");
}

std::set<std::string> capabilities_of(const Json& component) {
  std::set<std::string> out;
  const auto found = component.find("capabilities");
  if (found == component.end()) {
    return out;
  }
  if (!found->is_array()) {
    refuse("its manifest's 'capabilities' are no list");
  }
  for (const Json& one : *found) {
    if (!one.is_string() || !is_name(one.get_ref<const std::string&>(), "-_", 32)) {
      refuse("its manifest's 'capabilities' are no list of words");
    }
    out.insert(one.get<std::string>());
  }
  return out;
}

/// An option that was to be secret and is not would be printed. `names`: the keys are names of options, not words of a schema.
bool says_what_is_secret(const Json& schema, bool names = false) {
  for (const auto& [key, value] : schema.items()) {
    if (schema.is_object() && !names && key == "x-mp-secret" && !value.is_boolean()) {
      return false;
    }
    const bool map = schema.is_object() && !names &&
                     (key == "properties" || key == "patternProperties" || key == "definitions");
    if (value.is_structured() && !says_what_is_secret(value, map)) {
      return false;
    }
  }
  return true;
}

std::string schema_of(const Json& component) {
  const auto found = component.find("schema");
  if (found == component.end()) {
    return R"({"type":"object","additionalProperties":false})";
  }
  if (!found->is_object() || found->value("type", Json("object")) != "object") {
    refuse("its manifest has a schema that describes no object");
  }
  if (!says_what_is_secret(*found)) {
    refuse("its manifest has an 'x-mp-secret' that is neither true nor false");
  }
  return found->dump(-1, ' ', false, Json::error_handler_t::replace);
}

config::ComponentInfo component_of(const Json& json, const Tag& tag) {
  if (!json.is_object()) {
    refuse("its manifest's 'components' are no list of objects");
  }
  config::ComponentInfo out;
  out.kind = kind_of(text_of(json, "kind", true));
  out.type = text_of(json, "type", true);
  if (!is_name(out.type, "-", 64)) {
    refuse("its manifest has a component type that is no name: '" + printable(out.type, 40) + "'");
  }
  out.summary = text_of(json, "summary", false);
  out.capabilities = capabilities_of(json);
  out.schema = schema_of(json);
  out.plugin_id = tag.id;
  out.version = tag.version;
  return out;
}

std::string abi(std::uint32_t major, std::uint32_t minor) {
  return std::to_string(major) + "." + std::to_string(minor);
}

}  // namespace

Tag parse_tag(std::string_view section) {
  mp_tag raw{};
  if (section.size() < kTagFloor) {
    refuse("its tag is cut short");
  }
  std::memcpy(&raw, section.data(), kTagFloor);
  if (std::memcmp(raw.magic, "MAILPIPE-PLUGIN", sizeof raw.magic) != 0 ||
      raw.tag_size < kTagFloor || raw.tag_size > section.size()) {
    refuse("its tag is damaged");
  }
  if (raw.manifest_size > kMaxManifest || raw.manifest_size > section.size() - raw.tag_size) {
    refuse("its manifest is cut short or too large");
  }
  Tag tag{raw.abi_major,
          raw.abi_minor,
          field(raw.id, "id"),
          field(raw.version, "version"),
          field(raw.toolchain, "toolchain"),
          {}};
  if (!is_name(tag.id, "._-", 63)) {
    refuse("its id '" + printable(tag.id, 64) + "' has characters that an id cannot have");
  }
  if (!is_version(tag.version)) {
    refuse("its version '" + printable(tag.version, 32) + "' is no version");
  }
  tag.manifest = section.substr(raw.tag_size, raw.manifest_size);
  return tag;
}

void check_abi(const Tag& tag) {
  if (tag.abi_major == MP_ABI_MAJOR && tag.abi_minor <= MP_ABI_MINOR) {
    return;
  }
  const bool newer = tag.abi_major > MP_ABI_MAJOR || tag.abi_major == MP_ABI_MAJOR;
  throw Refused(kWrongAbi,
                "plugin ABI " + abi(tag.abi_major, tag.abi_minor) + " (built with " +
                    printable(tag.toolchain, 64) + "), this mailpipe supports ABI " +
                    abi(MP_ABI_MAJOR, 0) + " - " + abi(MP_ABI_MAJOR, MP_ABI_MINOR),
                newer ? "upgrade mailpipe, or install a version of the plugin built for ABI " +
                            std::to_string(MP_ABI_MAJOR)
                      : "install a version of the plugin built for this mailpipe");
}

Manifest parse_manifest(const Tag& tag) {
  if (is_too_deep(tag.manifest)) {
    refuse("its manifest is nested too deeply");
  }
  const Json json = Json::parse(tag.manifest, nullptr, false);
  if (!json.is_object()) {
    refuse("its manifest is no JSON object");
  }
  if (text_of(json, "id", true) != tag.id || text_of(json, "version", true) != tag.version) {
    refuse("its manifest and its tag differ in id or version");
  }
  Manifest out{text_of(json, "license", false), text_of(json, "summary", false), {}};
  const auto components = json.find("components");
  if (components == json.end() || !components->is_array() || components->empty() ||
      components->size() > kMaxComponents) {
    refuse("its manifest lists no components, or too many");
  }
  std::set<std::pair<config::Kind, std::string>> seen;
  for (const Json& one : *components) {
    out.components.push_back(component_of(one, tag));
    const config::ComponentInfo& info = out.components.back();
    if (!seen.emplace(info.kind, info.type).second) {
      refuse("its manifest has the " + std::string(config::name_of(info.kind)) + " '" + info.type +
             "' twice");
    }
  }
  return out;
}

}  // namespace mailpipe::plugin
