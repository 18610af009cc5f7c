#include "config_test_catalog.hpp"

#include <algorithm>

namespace mailpipe::config {
namespace {

constexpr char kJmap[] = R"json({
  "type": "object",
  "required": ["session_url"],
  "oneOf": [{ "required": ["token"] }, { "required": ["user", "password"] }],
  "properties": {
    "session_url": { "description": "Where the session object is.", "type": "string", "format": "uri" },
    "token": { "type": "string", "x-mp-secret": true },
    "user": { "type": "string", "minLength": 1 },
    "password": { "type": "string", "x-mp-secret": true },
    "account": { "type": "string", "pattern": "^[A-Za-z0-9_-]+$" },
    "ca_file": { "type": "string", "x-mp-format": "path" },
    "allow_hosts": { "type": "array", "items": { "type": "string" }, "maxItems": 3 },
    "max_in_flight": { "type": "integer", "minimum": 1, "maximum": 64, "default": 4 },
    "http": { "type": "string", "enum": ["auto", "1.1", "2"], "default": "auto" },
    "ratio": { "type": "number", "exclusiveMinimum": 0 },
    "mailboxes": {
      "type": "object",
      "properties": {
        "include": { "type": "array", "items": { "type": "string" } },
        "exclude": { "type": "array", "items": { "type": "string" } }
      }
    },
    "page": { "oneOf": [{ "type": "string", "enum": ["auto"] }, { "type": "integer", "minimum": 1 }] },
    "old_url": { "type": "string", "deprecated": true, "x-mp-replaced-by": "session_url" }
  }
})json";

constexpr char kWindow[] = R"json({
  "type": "object",
  "properties": {
    "delay": { "type": "string", "x-mp-format": "duration", "default": "0s" },
    "first_run": { "type": "string", "x-mp-format": "duration", "minimum": 60 },
    "since": { "type": "string", "x-mp-format": "datetime" },
    "until": { "type": "string", "x-mp-format": "datetime" },
    "largest": { "type": "string", "x-mp-format": "size" }
  }
})json";

constexpr char kDedup[] = R"json({
  "type": "object",
  "properties": {
    "by": {
      "type": "string",
      "enum": ["content", "message-id"],
      "default": "content",
      "x-mp-warn": { "message-id": "only the first of several different messages is kept" }
    }
  }
})json";

constexpr char kRename[] = R"json({
  "type": "object",
  "properties": {
    "name": {
      "type": "string", "maxLength": 60, "x-mp-format": "template",
      "x-mp-fields": { "id": "text", "received_at": "time", "subject": "text" }
    },
    "mailbox": {
      "type": "string", "x-mp-format": "template",
      "x-mp-fields": { "id": "text", "received_at": "time" },
      "x-mp-refused-fields": { "subject": "it is not known yet" }
    },
    "mailboxes": {
      "type": "array",
      "items": {
        "type": "object",
        "required": ["match", "to"],
        "properties": {
          "match": { "type": "string", "x-mp-format": "regex" },
          "to": {
            "type": "string", "x-mp-format": "template", "x-mp-groups-of": "match",
            "x-mp-fields": { "id": "text" }
          }
        }
      }
    },
    "time_zone": { "type": "string", "x-mp-format": "time_zone", "default": "UTC" }
  }
})json";

constexpr char kEml[] = R"json({
  "type": "object",
  "required": ["path"],
  "properties": {
    "path": { "type": "string", "x-mp-format": "path" },
    "sidecar": { "type": "boolean", "default": false },
    "fsync": { "type": "boolean" }
  }
})json";

constexpr char kMbox[] = R"json({
  "type": "object",
  "required": ["path"],
  "properties": { "path": { "type": "string", "x-mp-format": "path" } }
})json";

}  // namespace

TestCatalog::TestCatalog()
    : components_{{Kind::Source, "jmap", "A JMAP account", {}, kJmap, "source-jmap", "0.1.0"},
                  {Kind::Filter, "window", "By age", {}, kWindow, "filter-window", "0.1.0"},
                  {Kind::Filter, "dedup", "Once", {"owners"}, kDedup, "filter-dedup", "0.1.0"},
                  {Kind::Filter, "rename", "Names", {"places"}, kRename, "filter-rename", "0.1.0"},
                  {Kind::Sink,
                   "eml",
                   "A folder of files",
                   {"remove", "update", "read"},
                   kEml,
                   "sink-eml",
                   "0.1.0"},
                  {Kind::Sink, "mbox", "One file", {"ordered"}, kMbox, "sink-mbox", "0.1.0"}} {}

const ComponentInfo* TestCatalog::find(Kind kind, std::string_view type) const {
  const auto found = std::find_if(
      components_.begin(), components_.end(),
      [&](const ComponentInfo& info) { return info.kind == kind && info.type == type; });
  return found == components_.end() ? nullptr : &*found;
}

std::vector<std::string> TestCatalog::types(Kind kind) const {
  std::vector<std::string> types;
  for (const ComponentInfo& info : components_) {
    if (info.kind == kind) {
      types.push_back(info.type);
    }
  }
  std::sort(types.begin(), types.end());
  return types;
}

std::optional<std::string> TestCatalog::refused(Kind kind, std::string_view type) const {
  if (kind == Kind::Sink && type == "glacier") {
    return "built for ABI 1, this mailpipe has ABI 0";
  }
  return std::nullopt;
}

void TestCatalog::add(Kind kind, const std::string& type, const std::string& schema) {
  components_.push_back({kind, type, "", {}, schema, "test", "0.1.0"});
}

}  // namespace mailpipe::config
