#include "config/engine_schema.hpp"

#include <nlohmann/json.hpp>

namespace mailpipe::config {
namespace {

constexpr char kFrame[] = R"json({
  "type": "object",
  "required": ["name", "source"],
  "properties": {
    "version": { "description": "Version of the file format: 1." },
    "name": { "description": "Names the pipeline in the ledger and in reports: a-z, 0-9, - and _.", "type": "string" },
    "vars": { "description": "Values for ${{ vars.NAME }} elsewhere in the file.", "type": "object" },
    "matrix": {
      "description": "One pipeline for each combination of values: axis -> list of texts, or of mappings with a 'name'.",
      "type": "object"
    },
    "state": {
      "description": "Where the ledger lies.",
      "type": "object",
      "properties": { "dir": { "description": "Folder of the ledger; ~/.local/state/mailpipe/NAME if left out.", "type": "string", "x-mp-format": "path" } }
    },
    "source": { "description": "Where messages come from: one component." },
    "filters": { "description": "Judge every message, in this order.", "type": "array" },
    "sinks": { "description": "Where messages go: one or more.", "type": "array" },
    "tests": {
      "description": "What the filters are to say of made-up messages: mailpipe test.",
      "type": "array",
      "items": {
        "type": "object",
        "required": ["name", "given", "expect"],
        "properties": {
          "name": { "description": "What it shows.", "type": "string", "minLength": 1 },
          "now": { "description": "When the run takes place; the time of the command if left out.", "type": "string", "x-mp-format": "datetime" },
          "sink": { "description": "Its own filters judge as well.", "type": "string" },
          "given": {
            "description": "A message, or several that come in this order.",
            "anyOf": [
              { "type": "object", "$ref": "#/definitions/test-message" },
              { "type": "array", "minItems": 1, "items": { "$ref": "#/definitions/test-message" } }
            ]
          },
          "expect": {
            "description": "What becomes of it, or of each.",
            "anyOf": [
              { "type": "object", "$ref": "#/definitions/test-verdict" },
              { "type": "array", "minItems": 1, "items": { "$ref": "#/definitions/test-verdict" } }
            ]
          }
        }
      }
    },
    "run": {
      "description": "How a run behaves.",
      "type": "object",
      "default": {},
      "properties": {
        "batch": {
          "description": "Messages become durable together, in batches; one ends when the first of these is reached.",
          "type": "object",
          "default": {},
          "properties": {
            "messages": { "description": "So many messages.", "type": "integer", "minimum": 1, "maximum": 100000, "default": 1000 },
            "bytes": { "description": "So many octets.", "type": "string", "x-mp-format": "size", "minimum": 1, "default": "64MiB" },
            "interval": { "description": "So long after its first message.", "type": "string", "x-mp-format": "duration", "minimum": 1, "default": "2s" }
          }
        },
        "retry": {
          "description": "How long a run tries again when the server or the network fails.",
          "type": "object",
          "default": {},
          "properties": {
            "budget": { "description": "So long without any progress; then the run ends with exit 75.", "type": "string", "x-mp-format": "duration", "default": "15m" },
            "max_backoff": { "description": "Longest single wait.", "type": "string", "x-mp-format": "duration", "minimum": 1, "default": "60s" }
          }
        },
        "memory": {
          "description": "Budget for message bodies; what does not fit goes to files without a name in the state folder.",
          "type": "string", "x-mp-format": "size", "minimum": 1048576, "default": "8MiB"
        },
        "quarantine": {
          "description": "Messages that cannot be fetched or stored.",
          "type": "object",
          "default": {},
          "properties": { "max": { "description": "More than so many in one run stop it.", "type": "integer", "minimum": 0, "default": 100 } }
        },
        "guard": {
          "description": "A run that would remove more than both of these stops before the first removal, with exit 3; --allow-delete N confirms.",
          "type": "object",
          "default": {},
          "properties": {
            "max_remove_fraction": { "description": "Of all places.", "type": "string", "x-mp-format": "fraction", "default": "10%" },
            "max_remove_count": { "description": "So many places.", "type": "integer", "minimum": 0, "default": 20 }
          }
        },
        "grace": {
          "description": "How long the first SIGINT or SIGTERM waits for what is in flight.",
          "type": "string", "x-mp-format": "duration", "default": "30s"
        }
      }
    }
  },
  "patternProperties": { "^x-": true },
  "definitions": {
    "test-message": {
      "type": "object",
      "properties": {
        "key": { "description": "Names it among the messages of its test.", "type": "string", "minLength": 1 },
        "id": { "description": "What the server calls it.", "type": "string" },
        "received_at": { "description": "When it arrived.", "type": "string", "x-mp-format": "datetime" },
        "mailbox": { "description": "Where it lies, / between levels.", "type": "string", "minLength": 1 },
        "mailboxes": { "description": "Where it lies, if in several.", "type": "array", "items": { "type": "string", "minLength": 1 } },
        "keywords": { "description": "$seen and the like.", "type": "array", "items": { "type": "string", "minLength": 1 } },
        "size": { "description": "That of its octets if left out.", "type": "string", "x-mp-format": "size" },
        "initial": { "description": "Whether it was there at the first run.", "type": "boolean", "default": false },
        "subject": { "description": "Of its header.", "type": "string" },
        "from": { "description": "Of its header.", "type": "string" },
        "message_id": { "description": "Of its header.", "type": "string" },
        "headers": { "description": "Other fields of its header.", "type": "object", "additionalProperties": { "type": "string" } },
        "body": { "description": "What follows the header.", "type": "string" },
        "file": { "description": "The message itself, instead of a header and a body.", "type": "string", "x-mp-format": "path" }
      }
    },
    "test-verdict": {
      "type": "object",
      "required": ["verdict"],
      "properties": {
        "verdict": { "description": "What the filters say.", "type": "string", "enum": ["keep", "drop", "hold", "duplicate"] },
        "reason": { "description": "Of a drop, with or without the filter's id.", "type": "string" },
        "until": { "description": "Of a hold.", "type": "string", "x-mp-format": "datetime" },
        "owner": { "description": "Of a duplicate: the key of the message that is kept.", "type": "string" },
        "name": { "description": "Of a file, where sinks let names be chosen.", "type": "string" },
        "mailboxes": { "description": "Where it lies then, / between levels.", "type": "array", "items": { "type": "string" } }
      }
    }
  }
})json";

constexpr char kComponent[] = R"json({
  "type": "object",
  "required": ["type"],
  "properties": {
    "type": { "description": "Which component.", "type": "string" },
    "id": { "description": "Names it in the ledger and in reports; the type if left out.", "type": "string" },
    "with": { "description": "Options of the component." }
  }
})json";

constexpr char kSinkKeys[] = R"json({
  "required": { "description": "Whether a message counts as saved only when it is here. The default; the opposite of best_effort.", "type": "boolean" },
  "best_effort": { "description": "A failure of this sink does not end the run: it is off until the next one, which catches up.", "type": "boolean" },
  "on_remove": {
    "description": "What happens here when a message is removed at the source: nothing; it is moved to PATH.mailpipe-trash, beside the sink; it is deleted.",
    "type": "string", "enum": ["keep", "trash", "delete"], "default": "keep"
  },
  "filters": { "description": "Judge each message for this sink only, after those of the pipeline.", "type": "array" }
})json";

nlohmann::json make_sink_schema() {
  nlohmann::json schema = nlohmann::json::parse(kComponent);
  schema["properties"].update(nlohmann::json::parse(kSinkKeys));
  return schema;
}

}  // namespace

const nlohmann::json& frame_schema() {
  static const nlohmann::json kSchema = nlohmann::json::parse(kFrame);
  return kSchema;
}

const nlohmann::json& component_schema(Kind kind) {
  static const nlohmann::json kPlain = nlohmann::json::parse(kComponent);
  static const nlohmann::json kSink = make_sink_schema();
  return kind == Kind::Sink ? kSink : kPlain;
}

std::vector<std::string> property_names(const nlohmann::json& schema) {
  std::vector<std::string> names;
  const auto properties = schema.find("properties");
  if (properties != schema.end() && properties->is_object()) {
    for (const auto& [name, value] : properties->items()) {
      names.push_back(name);
    }
  }
  return names;
}

}  // namespace mailpipe::config
