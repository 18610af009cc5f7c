#pragma once

#include "spool/sha256.hpp"

#include <mailpipe/sink.hpp>
#include <mailpipe/source.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace mailpipe::test {

/// A mail account in memory, with a history that a source can ask for. The test changes it between runs, and in a hook of the
/// script by its functions, which listing and fetching may call at once.
class Account {
 public:
  struct Message {
    std::string body;
    std::set<std::string> mailboxes{"inbox"};
    std::set<std::string> keywords;
    std::int64_t received_at = 1'000'000;
    std::optional<std::string> server_id;  ///< nothing: the id
  };

  void add(const std::string& id, Message message) { set(id, std::move(message)); }

  void add(const std::string& id) {
    set(id, {.body = "Subject: " + id + "\r\n\r\nbody of " + id + "\r\n"});
  }

  void add_many(int count, const std::string& prefix = "m") {
    for (int i = 0; i < count; ++i) {
      add(prefix + std::to_string(i));
    }
  }

  void change(const std::string& id, const std::function<void(Message&)>& how) {
    Message message = find(id).value();
    how(message);
    set(id, std::move(message));
  }

  void remove(const std::string& id) {
    const std::lock_guard lock(mutex_);
    messages.erase(id);
    history.emplace_back(id);
  }

  std::optional<Message> find(const std::string& id) const {
    const std::lock_guard lock(mutex_);
    const auto found = messages.find(id);
    return found == messages.end() ? std::nullopt : std::optional(found->second);
  }

  std::uint64_t state() const { return history.size(); }

  std::map<std::string, Message> messages;
  std::map<std::string, std::vector<std::string>> mailboxes{{"inbox", {"Inbox"}}};  ///< id to path
  std::set<std::string> gone_mailboxes;
  std::vector<std::string> history;  ///< ids touched, oldest first

 private:
  void set(const std::string& id, Message message) {
    const std::lock_guard lock(mutex_);
    messages[id] = std::move(message);
    history.emplace_back(id);
  }

  mutable std::mutex mutex_;
};

/// Where a ScriptedSource misbehaves.
struct Script {
  std::function<void(const std::string& id)> on_list;   ///< before each item; may throw Error
  std::function<void(StreamId, Emitter&)> after_items;  ///< told before the cursor
  std::function<void()> after_list;                     ///< may throw Error
  std::function<void(const std::string& id)> on_fetch;  ///< before each body; may throw Error
  std::function<void()>
      after_take;                   ///< with works in hand; may throw Error: the whole source fails
  std::set<std::string> vanished;   ///< fetch says gone
  std::set<std::string> forgotten;  ///< fetch says nothing
  bool lose_cursor = false;
  std::atomic<int> lists{0}, fetches{0}, header_fetches{0}, body_fetches{0};
};

/// Lists and fetches an Account the way a JMAP source does: complete when there is no cursor, changes after that.
class ScriptedSource final : public Source {
 public:
  ScriptedSource(Account& account, Script& script) : account_(account), script_(script) {}

  void check() override {}

  void list(const Cursors& cursors, Emitter& out) override {
    ++script_.lists;
    const StreamId stream = out.stream("account", "test account");
    const std::uint64_t now = account_.state();
    std::string cursor;
    for (const Cursor& known : cursors) {
      cursor = known.stream == stream ? known.value : cursor;
    }
    if (cursor.empty()) {
      list_all(stream, out);
    } else {
      if (std::exchange(script_.lose_cursor, false)) {
        throw Error(ErrorClass::CursorLost, "the cursor is too old");
      }
      tell_mailboxes(stream, out);
      for (const std::string& id : account_.gone_mailboxes) {
        out.mailbox_removed(stream, id);
      }
      list_changes(stream, std::stoull(cursor), now, out);
    }
    if (script_.after_items) {
      script_.after_items(stream, out);
    }
    out.checkpoint(stream, std::to_string(now));
    if (script_.after_list) {
      script_.after_list();
    }
  }

  void fetch(WorkQueue& queue) override {
    for (;;) {
      const Taken taken = queue.take({.items = 4});
      if (taken.state == Taken::State::End) {
        return;
      }
      if (script_.after_take) {
        script_.after_take();
      }
      for (const Work& work : taken.works) {
        fetch_one(queue, work);
      }
    }
  }

  static std::string key(const std::string& id) { return "test:account:" + id; }

 private:
  Item item(StreamId stream, const std::string& id) const {
    const Account::Message message = account_.find(id).value();
    Item out{
        .key = key(id), .stream = stream, .server_id = message.server_id.value_or(id), .ref = id};
    out.size = message.body.size();
    out.received_at = std::chrono::sys_seconds(std::chrono::seconds(message.received_at));
    for (const std::string& mailbox : message.mailboxes) {
      out.places.push_back({.id = mailbox, .path = {}, .role = {}});
    }
    out.keywords.assign(message.keywords.begin(), message.keywords.end());
    return out;
  }

  void tell(const std::string& id) const {
    if (script_.on_list) {
      script_.on_list(id);
    }
  }

  void tell_mailboxes(StreamId stream, Emitter& out) const {
    for (const auto& [id, path] : account_.mailboxes) {
      out.mailbox(stream, {.id = id, .path = path, .role = id == "inbox" ? "inbox" : ""});
    }
  }

  void list_all(StreamId stream, Emitter& out) {
    out.listing_begin(stream);
    tell_mailboxes(stream, out);
    out.estimate(stream, account_.messages.size());
    std::vector<std::string> ids;
    for (const auto& [id, message] : account_.messages) {
      ids.push_back(id);
    }
    for (const std::string& id : ids) {
      tell(id);
      out.listed(item(stream, id));
    }
    out.listing_end(stream);
  }

  void list_changes(StreamId stream, std::uint64_t from, std::uint64_t to, Emitter& out) {
    const std::set<std::string> touched(
        account_.history.begin() + static_cast<std::ptrdiff_t>(from),
        account_.history.begin() + static_cast<std::ptrdiff_t>(to));
    for (const std::string& id : touched) {
      tell(id);
      if (account_.find(id)) {
        out.changed(item(stream, id));
      } else {
        out.removed(stream, key(id));
      }
    }
  }

  void fetch_one(WorkQueue& queue, const Work& work) {
    ++script_.fetches;
    try {
      if (script_.on_fetch) {
        script_.on_fetch(work.ref);
      }
      if (script_.forgotten.contains(work.ref)) {
        return;
      }
      const auto message = account_.find(work.ref);
      if (script_.vanished.contains(work.ref) || !message) {
        queue.gone(work.token);
        return;
      }
      std::string body = message->body;
      if (work.want == Want::Headers) {
        ++script_.header_fetches;
        body.resize(body.find("\r\n\r\n") + 4);
      } else {
        ++script_.body_fetches;
      }
      const auto writer = queue.open(work.token);
      constexpr std::size_t kPiece = 64 * 1024;
      for (std::size_t at = 0; at < body.size(); at += kPiece) {
        writer->write(std::string_view(body).substr(at, kPiece));
      }
      writer->done();
    } catch (const Error& error) {
      queue.fail(work.token, error);
    }
  }

  Account& account_;
  Script& script_;
};

/// What a RecordingSink keeps from run to run, and what it was asked.
struct Disk {
  std::map<std::string, std::string> staged, published;
  std::string marker;
  std::vector<std::string> calls;  ///< "store k", "sync data", "publish k", "sync names", ...
  std::function<void(const std::string& call)> before;  ///< may throw Error
};

/// A sink in memory that writes down the order of everything.
class RecordingSink final : public Sink {
 public:
  explicit RecordingSink(std::shared_ptr<Disk> disk) : disk_(std::move(disk)) {}

  void open(bool) override { call("open"); }

  RootState root() override { return {disk_->marker, disk_->published.empty()}; }

  void mark(const std::string& text) override { disk_->marker = text; }

  Staged store(const Item& item, const Body& body) override {
    call("store " + item.key);
    std::string octets;
    body.for_each_chunk([&](std::string_view chunk) { octets += chunk; });
    disk_->staged[item.key] = std::move(octets);
    return {.token = item.key, .placed = {{"", item.key + ".eml"}}};
  }

  void publish(const Staged& staged) override {
    call("publish " + staged.token);
    auto node = disk_->staged.extract(staged.token);
    if (!node.empty()) {
      disk_->published[staged.placed.at(0).location] = std::move(node.mapped());
    }
  }

  void discard(const Staged& staged) override {
    call("discard " + staged.token);
    disk_->staged.erase(staged.token);
  }

  void sync(SyncPhase phase) override {
    call(phase == SyncPhase::Data ? "sync data" : "sync names");
  }

  bool recover(const Intent& intent) override {
    call("recover " + intent.receipt.key);
    const auto file = disk_->published.find(intent.receipt.location);
    return file != disk_->published.end() && spool::sha256(file->second) == intent.receipt.digest;
  }

  void sweep() override {
    call("sweep");
    disk_->staged.clear();
  }

  void scan(const std::function<void(const Found&)>& found) override {
    for (const auto& [location, octets] : disk_->published) {
      const std::string key = location.substr(0, location.size() - 4);
      found({.location = location,
             .size = octets.size(),
             .digest = spool::sha256(octets),
             .server_ids = {key.substr(key.rfind(':') + 1)}});
    }
  }

 private:
  void call(const std::string& what) {
    disk_->calls.push_back(what);
    if (disk_->before) {
      disk_->before(what);
    }
  }

  std::shared_ptr<Disk> disk_;
};

}  // namespace mailpipe::test
