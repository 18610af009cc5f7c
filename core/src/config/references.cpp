#include "config/references.hpp"

#include "config/paths.hpp"
#include "config/yaml_text.hpp"

#include <mailpipe/printable.hpp>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <utility>

namespace mailpipe::config {
namespace {

constexpr char kShape[] = "write {$env: NAME}, {$file: path} or {$command: [program, argument]}";

void malformed(Findings& findings, const Mark& at, std::string message) {
  add_error(findings, "MP1304", at, std::move(message), {{}, kShape});
}

/// The one key that starts with `$`, after a look at all keys.
const Entry* kind_of(const Node& node, Findings& findings) {
  const Entry* kind = nullptr;
  for (const Entry& entry : node.entries) {
    if (entry.key == "$env" || entry.key == "$file" || entry.key == "$command") {
      if (kind != nullptr) {
        malformed(findings, entry.mark, "a reference has only one of $env, $file and $command");
        return nullptr;
      }
      kind = &entry;
    } else if (entry.key != "default" || node.find("$env") == nullptr) {
      malformed(findings, entry.mark, "unknown key '" + entry.key + "' in a reference");
      return nullptr;
    }
  }
  return kind;
}

bool valid_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = detail::decode_utf8(text).length;
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

/// Whether `$env: name` can be read now; says so if not.
bool check_variable(const Node& name, bool has_default, Findings& findings) {
  if (!name.is_scalar() || name.text.empty() || name.text.find('=') != std::string::npos) {
    malformed(findings, name.mark, "$env expects the name of a variable, got " + describe(name));
    return false;
  }
  const char* value = std::getenv(name.text.c_str());
  if (value == nullptr && !has_default) {
    add_error(findings, "MP1302", name.mark,
              "the environment variable '" + name.text + "' is not set",
              {{},
               "export " + name.text + "=..., or give a default: {$env: " + name.text +
                   ", default: text}"});
    return false;
  }
  if (value != nullptr && !valid_utf8(value)) {
    add_error(findings, "MP1302", name.mark,
              "the environment variable '" + name.text + "' is not UTF-8 text");
    return false;
  }
  return true;
}

bool read_command(const Node& node, SecretReference& reference, Findings& findings) {
  const bool texts = std::all_of(node.items.begin(), node.items.end(), [](const NodePtr& item) {
    return item->is_scalar() && item->type != Node::Type::Null;
  });
  if (!node.is_list() || node.items.empty() || !texts || node.items.front()->text.empty()) {
    malformed(findings, node.mark,
              "$command expects a list of program and arguments, got " + describe(node));
    return false;
  }
  for (const NodePtr& item : node.items) {
    reference.argv.push_back(item->text);
  }
  return true;
}

}  // namespace

bool is_reference(const Node& node) noexcept {
  return node.is_map() &&
         std::any_of(node.entries.begin(), node.entries.end(),
                     [](const Entry& entry) { return entry.key.starts_with('$'); });
}

std::optional<SecretReference> read_reference(const Node& node, std::string pointer,
                                              const std::filesystem::path& folder,
                                              Findings& findings) {
  const Entry* kind = kind_of(node, findings);
  if (kind == nullptr) {
    return std::nullopt;
  }
  SecretReference reference;
  reference.pointer = std::move(pointer);
  reference.mark = kind->mark;
  const Node& value = *kind->value;
  if (kind->key == "$command") {
    reference.from = SecretReference::From::Command;
    return read_command(value, reference, findings) ? std::optional(std::move(reference))
                                                    : std::nullopt;
  }
  if (kind->key == "$file") {
    reference.from = SecretReference::From::File;
    const auto path = value.is_scalar() ? absolute_path(value.text, folder) : std::nullopt;
    if (!path) {
      malformed(findings, value.mark, "$file expects a path, got " + describe(value));
      return std::nullopt;
    }
    reference.name = *path;
    return reference;
  }
  const Entry* fallback = node.find("default");
  if (fallback != nullptr && !fallback->value->is_scalar()) {
    malformed(findings, fallback->mark, "the default of $env is a text");
    return std::nullopt;
  }
  if (!check_variable(value, fallback != nullptr, findings)) {
    return std::nullopt;
  }
  reference.name = value.text;
  if (fallback != nullptr) {
    reference.literal = std::make_shared<const Secret>(std::string(fallback->value->text));
  }
  return reference;
}

std::optional<std::string> read_variable(const Node& node, Findings& findings) {
  const Entry* kind = kind_of(node, findings);
  if (kind == nullptr) {
    return std::nullopt;
  }
  if (kind->key != "$env") {
    add_error(findings, "MP1305", kind->mark,
              "'" + kind->key + "' is for secrets; this option takes $env only");
    return std::nullopt;
  }
  const auto reference = read_reference(node, {}, {}, findings);
  if (!reference) {
    return std::nullopt;
  }
  const char* value = std::getenv(reference->name.c_str());
  std::string text =
      value != nullptr ? std::string(value) : std::string(reference->literal->reveal());
  if (text.size() > kMaxScalar) {
    add_error(findings, "MP1302", kind->value->mark,
              "the environment variable '" + reference->name + "' has more than 8192 octets");
    return std::nullopt;
  }
  return text;
}

Mark mask(Sources& sources, const Node& value) {
  constexpr std::string_view kStars = "********";
  Mark shown = value.mark;
  shown.length = static_cast<int>(kStars.size());
  const auto source = sources.find(value.mark.file);
  if (source == sources.end() || value.mark.line < 1) {
    return shown;
  }
  std::string& text = source->second;
  const YamlText lines(text, value.mark.file);
  const auto indent_of = [](std::string_view line) { return line.find_first_not_of(' '); };
  std::string out;
  std::size_t base = 0;
  bool masking = false;
  for (std::size_t number = 0; number < lines.lines(); ++number) {
    std::string line(lines.line(number));
    if (number + 1 == static_cast<std::size_t>(value.mark.line)) {
      masking = true;
      std::size_t column = 0;
      for (int i = 1; i < value.mark.column && column < line.size(); ++i) {
        column += std::max<std::size_t>(
            detail::decode_utf8(std::string_view(line).substr(column)).length, 1);
      }
      const std::size_t indent = indent_of(line);
      base = indent == column && indent > 0 ? indent - 1 : indent;
      line = line.substr(0, column) + std::string(kStars);
    } else if (masking && indent_of(line) != std::string::npos) {
      masking = indent_of(line) > base && value.mark.file != kCommandLine;
      line = masking ? std::string(kStars) : line;
    }
    out += line + (number + 1 < lines.lines() ? "\n" : "");
  }
  text = std::move(out);
  return shown;
}

}  // namespace mailpipe::config
