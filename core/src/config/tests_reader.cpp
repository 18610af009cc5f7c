#include "config/tests_reader.hpp"

#include "config/schema_words.hpp"
#include "config/suggest.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>
#include <utility>

namespace mailpipe::config {
namespace {

using Json = nlohmann::json;
using Texts = std::vector<std::string>;

constexpr char kCode[] = "MP1040";

template <class Value>
std::optional<Value> read(const Json& map, const char* key) {
  return map.contains(key) ? std::optional(map[key].get<Value>()) : std::nullopt;
}

std::optional<std::chrono::sys_seconds> read_instant(const Json& map, const char* key) {
  const auto seconds = read<std::int64_t>(map, key);
  return seconds ? std::optional(std::chrono::sys_seconds(std::chrono::seconds(*seconds)))
                 : std::nullopt;
}

/// One, or a list of them.
Json as_list(const Json& one_or_more) {
  return one_or_more.is_array() ? one_or_more : Json::array({one_or_more});
}

const Node& item_of(const Node& one_or_more, std::size_t i) {
  return one_or_more.is_list() ? *one_or_more.items[i] : one_or_more;
}

TestMessage read_message(const Json& from, std::size_t number) {
  TestMessage out;
  out.key = read<std::string>(from, "key").value_or("message-" + std::to_string(number));
  out.id = read<std::string>(from, "id").value_or("");
  out.received_at = read_instant(from, "received_at");
  out.mailboxes = read<Texts>(from, "mailboxes").value_or(Texts());
  if (const auto mailbox = read<std::string>(from, "mailbox")) {
    out.mailboxes.insert(out.mailboxes.begin(), *mailbox);
  }
  out.keywords = read<Texts>(from, "keywords").value_or(Texts());
  out.size = read<std::uint64_t>(from, "size");
  out.initial = from["initial"].get<bool>();
  constexpr std::pair<const char*, const char*> kFields[] = {
      {"from", "From"}, {"subject", "Subject"}, {"message_id", "Message-ID"}};
  for (const auto& [key, name] : kFields) {
    if (const auto value = read<std::string>(from, key)) {
      out.headers.emplace_back(name, *value);
    }
  }
  const Json others = from.value("headers", Json::object());
  for (const auto& [name, value] : others.items()) {
    out.headers.emplace_back(name, value.get<std::string>());
  }
  out.body = read<std::string>(from, "body").value_or("");
  if (const auto file = read<std::string>(from, "file")) {
    out.file = *file;
  }
  return out;
}

TestVerdict::Kind kind_of(const std::string& verdict) {
  return verdict == "drop"        ? TestVerdict::Kind::Drop
         : verdict == "hold"      ? TestVerdict::Kind::Hold
         : verdict == "duplicate" ? TestVerdict::Kind::Duplicate
                                  : TestVerdict::Kind::Keep;
}

TestVerdict read_verdict(const Json& from, const Node& written, Findings& findings) {
  TestVerdict out;
  const std::string verdict = from["verdict"].get<std::string>();
  constexpr std::pair<const char*, const char*> kBelong[] = {{"reason", "drop"},
                                                             {"until", "hold"},
                                                             {"owner", "duplicate"},
                                                             {"name", "keep"},
                                                             {"mailboxes", "keep"}};
  for (const auto& [member, of] : kBelong) {
    if (const Entry* entry = written.find(member); entry != nullptr && verdict != of) {
      add_error(findings, kCode, entry->mark,
                std::string("'") + member + "' goes with 'verdict: " + of + "', not with '" +
                    verdict + "'");
    }
  }
  out.kind = kind_of(verdict);
  out.reason = read<std::string>(from, "reason");
  out.owner = read<std::string>(from, "owner");
  out.name = read<std::string>(from, "name");
  out.until = read_instant(from, "until");
  out.mailboxes = read<Texts>(from, "mailboxes");
  out.mark = written.mark;
  return out;
}

/// A file is the whole message: what else is said of its header or body would be lost.
void check_message(const Node& written, const TestMessage& message, std::set<std::string>& keys,
                   Findings& findings) {
  for (const char* member : {"subject", "from", "message_id", "headers", "body"}) {
    if (const Entry* entry = written.find(member); entry != nullptr && message.file) {
      add_error(findings, kCode, entry->mark,
                std::string("'") + member + "' is that of the file, which 'file' names",
                {{}, "remove one of the two"});
    }
  }
  if (!keys.insert(message.key).second) {
    add_error(findings, kCode, written.mark,
              "two messages of this test have the key '" + message.key + "'");
  }
}

TestSpec read_test(const Node& written, const Json& from, const Texts& sink_ids,
                   Findings& findings) {
  TestSpec out;
  out.name = from["name"].get<std::string>();
  out.now = read_instant(from, "now");
  out.mark = written.mark;
  if (const Entry* sink = written.find("sink")) {
    out.sink = from["sink"].get<std::string>();
    if (std::find(sink_ids.begin(), sink_ids.end(), out.sink) == sink_ids.end()) {
      add_error(findings, kCode, sink->value->mark, "no sink has the id '" + out.sink + "'",
                {did_you_mean(out.sink, sink_ids), "there are: " + listed(sink_ids)});
    }
  }
  const Json given = as_list(from["given"]), expect = as_list(from["expect"]);
  const Node& given_node = *written.find("given")->value;
  const Entry& expect_entry = *written.find("expect");
  if (given.size() != expect.size()) {
    add_error(findings, kCode, expect_entry.mark,
              "there are " + std::to_string(given.size()) + " messages and " +
                  std::to_string(expect.size()) + " verdicts",
              {{}, "say one verdict for each message, in their order"});
    return out;
  }
  std::set<std::string> keys;
  for (std::size_t i = 0; i < given.size(); ++i) {
    out.given.push_back(read_message(given[i], i + 1));
    check_message(item_of(given_node, i), out.given.back(), keys, findings);
    out.expect.push_back(read_verdict(expect[i], item_of(*expect_entry.value, i), findings));
  }
  return out;
}

}  // namespace

std::vector<TestSpec> read_tests(const Node& tests, const nlohmann::json& checked,
                                 const std::vector<std::string>& sink_ids, Findings& findings) {
  std::vector<TestSpec> out;
  for (std::size_t i = 0; i < tests.items.size(); ++i) {
    out.push_back(read_test(*tests.items[i], checked[i], sink_ids, findings));
  }
  return out;
}

}  // namespace mailpipe::config
