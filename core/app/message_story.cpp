#include "message_story.hpp"

#include "assembly.hpp"
#include "figures.hpp"
#include "spool/sha256.hpp"
#include "state/pack.hpp"

#include <mailpipe/printable.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace mailpipe::app {

namespace {

using Json = nlohmann::json;
using state::ReceiptRow;
using state::Row;
using state::RowState;

const char* name_of(state::Outcome outcome) {
  constexpr std::array kNames = {"nothing",      "known",  "updated",     "filtered", "held",
                                 "deduplicated", "stored", "quarantined", "gone",     "failed"};
  const auto index = static_cast<std::size_t>(outcome);
  return index < kNames.size() ? kNames[index] : "?";
}

std::string joined(const std::vector<std::string>& parts, const char* between) {
  std::string out;
  for (const std::string& part : parts) {
    out += (out.empty() ? "" : between) + printable(part, 300);
  }
  return out;
}

Json printable_all(const std::vector<std::string>& texts) {
  Json out = Json::array();
  for (const std::string& text : texts) {
    out.push_back(printable(text));
  }
  return out;
}

std::string line(const std::string& title, const std::string& text) {
  constexpr std::size_t kColumn = 12;
  return "  " + title + ":" + std::string(kColumn - std::min(kColumn - 1, title.size() + 1), ' ') +
         text + "\n";
}

std::string times(std::int64_t count) {
  return count == 1 ? "once" : std::to_string(count) + " times";
}

const char* name_of(ReceiptRow::State state) {
  return state == ReceiptRow::State::Stored     ? "stored"
         : state == ReceiptRow::State::Filtered ? "filtered"
                                                : "gone";
}

std::string copy_line(const Json& copy) {
  const std::string state = copy.at("state");
  if (state == "filtered") {
    return "the filters of this sink leave it out";
  }
  if (state == "gone") {
    return "has no copy: the server removed the message first";
  }
  std::string out = copy.at("path");
  if (copy.contains("mailbox")) {
    out += " (" + copy.at("mailbox").get<std::string>() + ")";
  }
  if (copy.value("adopted", false)) {
    out += ", found there and taken over";
  }
  return out;
}

std::size_t count_stored(const Json& copies) {
  return static_cast<std::size_t>(std::count_if(
      copies.begin(), copies.end(), [](const Json& copy) { return copy.at("state") == "stored"; }));
}

}  // namespace

MessageStory::MessageStory(state::Ledger& ledger, const config::Pipeline& pipeline)
    : ledger_(ledger) {
  for (const config::SinkSpec& sink : pipeline.sinks) {
    roots_[sink.id] = root_of(sink);
  }
}

std::string MessageStory::path_of(const ReceiptRow& receipt) const {
  const auto root = roots_.find(receipt.sink);
  return printable((root == roots_.end() ? std::string() : root->second + "/") + receipt.location);
}

Json MessageStory::copies(const Row& row) {
  Json out = Json::array();
  const std::vector<std::string> owing = ledger_.owed_on(row.id);
  for (const ReceiptRow& receipt : ledger_.receipts(row.id)) {
    Json copy{{"sink", printable(receipt.sink)}, {"state", name_of(receipt.state)}};
    if (receipt.state == ReceiptRow::State::Stored) {
      copy["path"] = path_of(receipt);
      copy["size"] = receipt.size;
      copy["digest"] = spool::to_hex(receipt.digest);
      copy["keywords"] = printable_all(receipt.keywords);
      copy["adopted"] = receipt.adopted;
    }
    if (!receipt.place.empty()) {
      copy["mailbox"] = joined(state::unpack(receipt.place), "/");
    }
    copy["changes_owed"] = std::find(owing.begin(), owing.end(), receipt.sink) != owing.end();
    out.push_back(std::move(copy));
  }
  return out;
}

Json MessageStory::owner_of(const Row& row) {
  const auto owners = ledger_.find_named(row.owner, 1);
  Json out{{"key", printable(row.owner)},
           {"state", owners.empty() ? "unknown" : state::name_of(owners.front().state)},
           {"copies", owners.empty() ? Json::array() : copies(owners.front())}};
  if (!owners.empty()) {
    out["key"] = printable(owners.front().item.key);
  }
  return out;
}

Json MessageStory::json(const Row& row) {
  Item item = row.item;
  ledger_.complete(item);
  Json out{{"key", printable(item.key)},
           {"state", state::name_of(row.state)},
           {"keywords", printable_all(item.keywords)},
           {"mailboxes", Json::array()},
           {"copies", copies(row)}};
  for (const Mailbox& place : item.places) {
    out["mailboxes"].push_back(place.path.empty() ? printable(place.id) : joined(place.path, "/"));
  }
  if (!item.server_id.empty()) {
    out["server_id"] = printable(item.server_id);
  }
  if (item.size) {
    out["size"] = *item.size;
  }
  if (item.received_at) {
    out["received_at"] = utc_time(*item.received_at);
  }
  if (row.digest) {
    out["digest"] = spool::to_hex(*row.digest);
  }
  if (!row.reason.empty()) {
    out["reason"] = printable(row.reason);
  }
  if (row.due) {
    out["until"] = utc_time(*row.due);
  }
  if (row.state == RowState::Quarantined) {
    out["tries"] = row.tries;
  }
  if (row.state == RowState::Deduplicated) {
    out["owner"] = owner_of(row);
  }
  for (const auto& stream : ledger_.streams()) {
    if (stream.id == item.stream) {
      out["stream"] = printable(stream.label.empty() ? stream.name : stream.label);
    }
  }
  if (row.counted != 0) {
    out["last_told"] = {{"run", row.counted}, {"as", name_of(row.outcome)}};
    if (const auto run = ledger_.run_of(row.counted)) {
      out["last_told"]["at"] = utc_time(run->started);
    }
  }
  return out;
}

/// Why the message is in its state, in a sentence.
std::string MessageStory::reason(const Row& row, const Json& story) const {
  switch (row.state) {
    case RowState::Filtered:
      return row.reason == "sinks: filtered" ? "the filters of every sink leave it out"
                                             : "filter " + printable(row.reason);
    case RowState::Held:
      return "until " + (row.due ? local_time(*row.due) : std::string("?")) +
             "; the first run after that judges it again";
    case RowState::Deduplicated: {
      const Json& owner = story.at("owner");
      return "duplicate of " + owner.at("key").get<std::string>() + ", which is " +
             owner.at("state").get<std::string>();
    }
    case RowState::Quarantined:
      return printable(row.reason) + "; failed " + times(row.tries) + "; every run offers it again";
    case RowState::Dropped:
      return "dropped by 'mailpipe quarantine drop'; before that: " + printable(row.reason);
    case RowState::Gone: {
      const std::size_t kept = count_stored(story.at("copies"));
      return "the server no longer has it; " +
             (kept == 0
                  ? std::string("no copy is kept")
                  : std::to_string(kept) + (kept == 1 ? " copy is kept" : " copies are kept"));
    }
    case RowState::InFlight:
      return "a run is storing it right now, or broke off while it did; the next one settles it";
    default:
      return {};
  }
}

std::string MessageStory::text(const Row& row) {
  const Json story = json(row);
  std::string out = printable(row.item.key) + ": " + state::name_of(row.state) + "\n";
  if (const std::string why = reason(row, story); !why.empty()) {
    out += line("why", why);
  }
  std::string facts = row.item.received_at ? local_time(*row.item.received_at) : "";
  if (row.item.size) {
    facts += (facts.empty() ? "" : ", ") + octets(*row.item.size);
  }
  if (!facts.empty()) {
    out += line("received", facts);
  }
  for (const auto& [name, title] : {std::pair{"stream", "stream"}, std::pair{"digest", "sha256"}}) {
    if (story.contains(name)) {
      out += line(title, story.at(name));
    }
  }
  for (const auto& [name, title] :
       {std::pair{"mailboxes", "mailboxes"}, std::pair{"keywords", "keywords"}}) {
    const auto words = story.at(name).get<std::vector<std::string>>();
    if (!words.empty()) {
      out += line(title, joined(words, ", "));
    }
  }
  if (story.contains("last_told")) {
    const Json& told = story.at("last_told");
    const auto run = ledger_.run_of(row.counted);
    out += line("last told", "run #" + told.at("run").dump() +
                                 (run ? ", " + local_time(run->started) : std::string()) + ", as " +
                                 told.at("as").get<std::string>());
  }
  for (const Json& copy : story.at("copies")) {
    out += line("sink " + copy.at("sink").get<std::string>(),
                copy_line(copy) + (copy.at("changes_owed") ? "; changes are owed" : ""));
  }
  if (story.contains("owner")) {
    for (const Json& copy : story.at("owner").at("copies")) {
      out += line("instead, " + copy.at("sink").get<std::string>(), copy_line(copy));
    }
  }
  return out;
}

}  // namespace mailpipe::app
