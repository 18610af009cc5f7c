#include "mailbox_path.hpp"

#include "text_format.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <string_view>
#include <utility>

namespace mailpipe::rename {
namespace {

constexpr std::size_t kDeepest = 32;

std::string joined(const Path& path) {
  std::string out;
  for (std::size_t i = 0; i < path.size(); ++i) {
    out += (i == 0 ? "" : "/") + path[i];
  }
  return out;
}

/// Without components that are empty: no mailbox has such a one. What is deeper than any mailbox stays in one: a name of
/// ten thousand slashes makes no ten thousand folders.
Path sound(Path path) {
  std::erase_if(path, [](const std::string& component) { return component.empty(); });
  if (path.size() > kDeepest) {
    const auto last = path.begin() + static_cast<Path::difference_type>(kDeepest) - 1;
    *last = joined(Path(last, path.end()));
    path.resize(kDeepest);
  }
  return path;
}

Path split(std::string_view text) {
  Path path;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find('/', at), text.size());
    path.emplace_back(text.substr(at, end - at));
    at = end + 1;
  }
  return sound(std::move(path));
}

/// A path in the making: what comes from a template's own text goes to a new component at '/', what a message says
/// never does.
class PathText {
 public:
  void add_text(std::string_view text) {
    for (std::size_t slash = text.find('/'); slash != std::string_view::npos;
         slash = text.find('/')) {
      add_name(text.substr(0, slash));
      path_.emplace_back();
      text.remove_prefix(slash + 1);
    }
    add_name(text);
  }

  void add_name(std::string_view text) { path_.back() += text; }

  void add_path(const Path& path) {
    for (std::size_t i = 0; i < path.size(); ++i) {
      if (i > 0) {
        path_.emplace_back();
      }
      add_name(path[i]);
    }
  }

  Path take() { return sound(std::move(path_)); }

 private:
  Path path_ = {""};
};

/// Whether the template says the same for every message.
bool same_for_all(const Template& parts) {
  return std::all_of(parts.begin(), parts.end(), [](const TemplatePart& part) {
    return part.field.empty() || part.field == "mailbox";
  });
}

}  // namespace

MailboxPath::MailboxPath(const Options& options) {
  if (options.has("mailboxes")) {
    for (const auto& rule : options.json().at("mailboxes")) {
      rules_.push_back({Regex(rule.at("match").get<std::string>()),
                        read_template(rule.at("to").get<std::string>(), replacement_rules())});
    }
  }
  if (options.has("mailbox")) {
    whole_ = read_template(options.text("mailbox"), mailbox_rules());
  }
}

std::vector<Mailbox> MailboxPath::of(FieldValues& values) const {
  std::vector<Mailbox> places = values.item().places;
  if (places.empty() && whole_) {
    places.emplace_back();  // a template may need no mailbox
  }
  std::vector<Mailbox> out;
  for (Mailbox& place : places) {
    place.path = filled_in(mapped(place.path, values), values);
    const auto same = [&](const Mailbox& other) { return other.path == place.path; };
    if (std::none_of(out.begin(), out.end(), same)) {
      out.push_back(std::move(place));
    }
  }
  return out == values.item().places ? std::vector<Mailbox>() : out;
}

Path MailboxPath::mapped(const Path& path, FieldValues& values) const {
  const std::string text = joined(path);
  for (const Rule& rule : rules_) {
    if (path.empty()) {
      break;
    }
    const auto to = [&](const Regex::Groups& groups) {
      std::string by;
      for (const TemplatePart& part : rule.to) {
        const auto group = static_cast<std::size_t>(part.group.value_or(0));
        if (part.group) {
          by += group < groups.size() ? groups[group] : std::string_view();
        } else {
          by += part.field == "mailbox" ? formatted(text, part.text_format) : values.text(part);
        }
      }
      return by;
    };
    if (const auto replaced = rule.match.replace_all(text, to)) {
      if (values.item().key.empty() && !same_for_all(rule.to)) {
        return {};
      }
      Path changed = split(*replaced);
      return changed.empty() ? path : changed;
    }
  }
  return path;
}

Path MailboxPath::filled_in(const Path& path, FieldValues& values) const {
  if (!whole_ || (values.item().key.empty() && (path.empty() || !same_for_all(*whole_)))) {
    return whole_ ? Path() : path;
  }
  PathText out;
  for (const TemplatePart& part : *whole_) {
    if (part.field == "mailbox") {
      Path components = path;
      for (std::string& component : components) {
        component = formatted(component, part.text_format);
      }
      out.add_path(components);
    } else if (part.field.empty()) {
      out.add_text(part.literal);
    } else {
      out.add_name(values.text(part));
    }
  }
  Path changed = out.take();
  return changed.empty() ? path : changed;
}

}  // namespace mailpipe::rename
