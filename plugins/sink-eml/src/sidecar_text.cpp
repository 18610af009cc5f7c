#include "sidecar_text.hpp"

#include "file_name.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <optional>
#include <set>

namespace mailpipe::eml {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kMessage = ".eml";
constexpr std::string_view kSidecar = ".json";
constexpr const char* kVersion = "mailpipe_sidecar";
constexpr int kDeepest = 8;

std::string hex(std::string_view octets) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const char c : octets) {
    const auto octet = static_cast<unsigned char>(c);
    out += kDigits[octet >> 4U];
    out += kDigits[octet & 0xFU];
  }
  return out;
}

std::string hex(const Digest& digest) {
  return hex(std::string(digest.begin(), digest.end()));
}

Json text_of(const std::string& text) {
  try {
    (void)Json(text).dump();
    return text;
  } catch (const Json::exception&) {  // no UTF-8
    return {{"octets", hex(text)}};
  }
}

Json texts_of(const std::vector<std::string>& texts) {
  Json out = Json::array();
  for (const std::string& text : texts) {
    out.push_back(text_of(text));
  }
  return out;
}

/// RFC 3339, in UTC; null for what its four digits cannot tell.
Json time_of(const std::optional<std::chrono::sys_seconds>& time) {
  using std::chrono::year;
  if (!time || *time < std::chrono::sys_days(year(0) / 1 / 1) ||
      *time >= std::chrono::sys_days(year(10'000) / 1 / 1)) {
    return nullptr;
  }
  const auto day = std::chrono::floor<std::chrono::days>(*time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(*time - day);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02dZ",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return text.data();
}

Json entry_of(const Item& item) {
  Json mailboxes = Json::array();
  for (const Mailbox& place : item.places) {
    mailboxes.push_back({{"path", texts_of(place.path)}});
    if (!place.role.empty()) {
      mailboxes.back()["role"] = text_of(place.role);
    }
  }
  Json attributes = Json::array();
  for (const auto& [name, value] : item.attributes) {
    attributes.push_back({{"name", text_of(name)}, {"value", text_of(value)}});
  }
  return {{"key", text_of(item.key)},
          {"server_id", text_of(item.server_id)},
          {"received_at", time_of(item.received_at)},
          {"mailboxes", std::move(mailboxes)},
          {"keywords", texts_of(item.keywords)},
          {"attributes", std::move(attributes)}};
}

/// A sidecar as we write them, or null.
Json parsed(std::string_view text) {
  bool too_deep = false;
  Json json = Json::parse(
      text,
      [&](int depth, Json::parse_event_t /*event*/, Json& /*value*/) {
        too_deep = too_deep || depth > kDeepest;
        return !too_deep;
      },
      false);
  const bool ours = !too_deep && json.is_object() && json.value(kVersion, Json()) == 1 &&
                    json.contains("file") && json["file"].is_string() &&
                    json.contains("messages") && json["messages"].is_array();
  return ours ? json : Json();
}

/// What stands before the last colon: keys of one space are alive together, as UIDs of one UIDVALIDITY are.
std::string space_of(const Json& entry) {
  const Json key = entry.value("key", Json());
  return key.is_string() ? key.get<std::string>().substr(0, key.get<std::string>().rfind(':')) : "";
}

/// Whether `now` is the message that `before` was under a key that is no more: another UIDVALIDITY, say.
bool takes_over(const Json& now, const Json& before) {
  const Json& id = now.at("server_id");  // a text, or octets
  return id != Json("") && before.is_object() && before.value("server_id", Json()) == id &&
         before.value("mailboxes", Json()) == now["mailboxes"] && space_of(now) != space_of(before);
}

std::string written(const Json& json) {
  return json.dump(2, ' ', true, Json::error_handler_t::replace) + "\n";
}

}  // namespace

std::string sidecar_name(const std::string& message) {
  std::string_view stem = message;
  if (stem.ends_with(kMessage) && stem.size() > kMessage.size()) {
    stem.remove_suffix(kMessage.size());
  }
  std::string name = std::string(stem) + std::string(kSidecar);
  if (name.size() <= kLongestFileName) {
    return name;
  }
  // One octet too long: what is cut must not make two names one.
  const std::string tail = "_" + hex(digest_of(message)).substr(0, 16) + std::string(kSidecar);
  std::size_t end = kLongestFileName - tail.size();
  while (end > 0 && (static_cast<unsigned char>(stem[end]) & 0xC0U) == 0x80U) {
    --end;
  }
  return std::string(stem.substr(0, end)) + tail;
}

std::string subject_of_sidecar(std::string_view text) {
  const Json json = parsed(text);
  return json.is_object() ? json["file"].get<std::string>() : std::string();
}

std::string with_message(std::string_view old, const std::string& message,
                         const FileDigest& content, const Item& item) {
  Json json = parsed(old);
  if (!json.is_object() || json["file"] != message || json.value("size", Json()) != content.size ||
      json.value("sha256", Json()) != hex(content.digest)) {
    json = {{kVersion, 1},
            {"file", message},
            {"size", content.size},
            {"sha256", hex(content.digest)},
            {"received_at", time_of(item.received_at)},
            {"messages", Json::array()}};
  }
  Json entry = entry_of(item);
  Json others = Json::array();
  bool placed = false;
  for (Json& each : json["messages"]) {
    const bool same = each.is_object() && each.value("key", Json()) == entry["key"];
    if (!same && !takes_over(entry, each)) {
      others.push_back(std::move(each));
    } else if (!std::exchange(placed, true)) {
      others.push_back(entry);
    }
  }
  if (!placed) {
    others.push_back(std::move(entry));
  }
  json["messages"] = std::move(others);
  return written(json);
}

std::string without_message(std::string_view old, const std::string& key) {
  Json json = parsed(old);
  if (!json.is_object()) {
    return std::string(old);
  }
  const Json wanted = text_of(key);
  Json others = Json::array();
  for (Json& each : json["messages"]) {
    if (!each.is_object() || each.value("key", Json()) != wanted) {
      others.push_back(std::move(each));
    }
  }
  if (others.empty()) {
    return {};
  }
  json["messages"] = std::move(others);
  return written(json);
}

bool tells_of(std::string_view text, const std::string& key,
              const std::vector<std::string>& keywords) {
  const Json json = parsed(text);
  const Json wanted = text_of(key);
  const Json words = texts_of(keywords);
  const std::set<Json> now(words.begin(), words.end());
  const Json messages = json.is_object() ? json["messages"] : Json::array();
  return std::any_of(messages.begin(), messages.end(), [&](const Json& each) {
    if (!each.is_object() || each.value("key", Json()) != wanted) {
      return false;
    }
    const Json there = each.value("keywords", Json::array());
    return std::set<Json>(there.begin(), there.end()) == now;
  });
}

}  // namespace mailpipe::eml
