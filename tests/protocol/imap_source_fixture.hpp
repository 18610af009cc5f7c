#pragma once

#include "imap_source.hpp"
#include "support/fake_host.hpp"
#include "support/model_imap_server.hpp"

#include <mailpipe/testing/fake_queue.hpp>
#include <mailpipe/testing/recording_emitter.hpp>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace mailpipe::imap {

using Strings = std::vector<std::string>;

/// What several listings told, and what an engine would know after them.
struct Told : test::RecordingEmitter {
  Cursors earlier;  ///< that the listing began with

  /// Of each stream the last checkpoint, for the next listing.
  Cursors cursors() const {
    Cursors out = earlier;
    for (std::size_t i = out.size(); i < names.size(); ++i) {
      out.push_back({i + 1, names[i], {}});
    }
    for (const Event& event : events) {
      if (event.kind == EventKind::Checkpoint) {
        out.at(event.stream - 1).value = event.cursor;
      }
    }
    return out;
  }

  /// Kinds and keys in order: "listed imap:1:1001:3", "mailbox INBOX", ...
  Strings lines() const {
    static const std::map<EventKind, std::string> kNames = {
        {EventKind::Listed, "listed"},
        {EventKind::Changed, "changed"},
        {EventKind::Removed, "removed"},
        {EventKind::Gone, "gone"},
        {EventKind::Keywords, "keywords"},
        {EventKind::Mailbox, "mailbox"},
        {EventKind::MailboxRemoved, "mailbox-removed"},
        {EventKind::ListingBegin, "begin"},
        {EventKind::ListingEnd, "end"},
        {EventKind::Checkpoint, "checkpoint"},
        {EventKind::Estimate, "estimate"}};
    Strings out;
    for (const Event& event : events) {
      if (event.kind == EventKind::Mailbox || event.kind == EventKind::Estimate) {
        continue;
      }
      std::string line = kNames.at(event.kind) + " " + names.at(event.stream - 1);
      const std::string& key = event.item.key.empty() ? event.key : event.item.key;
      if (!key.empty()) {
        line += " " + key.substr(key.rfind(':') + 1);
      }
      if (event.kind == EventKind::Keywords || event.kind == EventKind::Changed) {
        for (const std::string& keyword : event.item.keywords) {
          line += " " + keyword;
        }
      }
      out.push_back(line);
    }
    return out;
  }

  const Item& item(const std::string& stream, const std::string& uid) const {
    for (const Event& event : events) {
      if (event.kind == EventKind::Listed && names.at(event.stream - 1) == stream &&
          event.item.key.ends_with(":" + uid)) {
        return event.item;
      }
    }
    throw std::runtime_error("no item " + stream + " " + uid);
  }
};

/// A source for one server on this machine.
struct TestSource {
  explicit TestSource(int port, nlohmann::json more = nlohmann::json::object()) {
    host.secrets["/password"] = "secret";
    nlohmann::json options = {{"host", "127.0.0.1"},
                              {"port", port},
                              {"tls", "none"},
                              {"user", "anna"},
                              {"connections", 1},
                              {"timeout", 20},
                              {"password", {{"$secret", "/password"}}}};
    options.update(more);
    source = std::make_unique<ImapSource>(Options(options.dump()), host);
  }

  /// One listing of the same run; streams and cursors go on from `before`.
  Told list(const Told& before = {}) {
    Told told = after(before);
    source->list(told.earlier, told);
    return told;
  }

  Error list_failure(Told& told, const Told& before = {}) {
    told = after(before);
    try {
      source->list(told.earlier, told);
    } catch (const Error& error) {
      return error;
    }
    ADD_FAILURE() << "the listing did not fail";
    return {ErrorClass::Internal, "no failure"};
  }

  static Told after(const Told& before) {
    Told told;
    told.names = before.names;
    told.labels = before.labels;
    told.earlier = before.cursors();
    return told;
  }

  /// Fetches all that was told, by key.
  void fetch(const Told& told, test::FakeQueue& queue) {
    for (const Event& event : told.events) {
      if (event.kind == EventKind::Listed) {
        queue.put(work_for(event.item));
      }
    }
    source->fetch(queue);
  }

  static Work work_for(const Item& item) {
    Work work;
    work.stream = item.stream;
    work.key = item.key;
    work.ref = item.ref;
    work.server_id = item.key;
    work.size = item.size;
    return work;
  }

  test::FakeHost host;
  std::unique_ptr<ImapSource> source;
};

}  // namespace mailpipe::imap
