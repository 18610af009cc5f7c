#pragma once

#include "file_digest.hpp"
#include "fs/posix_fs.hpp"
#include "mbox_sink.hpp"

#include <mailpipe/testing/sink_fixture.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace mailpipe::test {

inline Message in(Message message, const std::vector<std::vector<std::string>>& mailboxes) {
  message.item.places.clear();
  for (const auto& path : mailboxes) {
    std::string id;
    for (const std::string& component : path) {
      id += "/" + component;
    }
    message.item.places.push_back({.id = id, .path = path, .role = {}});
  }
  return message;
}

inline Message with_octets(const std::string& id, std::string octets) {
  Message out = message(id, "");
  out.octets = std::move(octets);
  return out;
}

/// What the engine keeps of a sink from run to run.
struct MboxLedger {
  std::vector<Receipt> receipts;
  std::vector<Intent> intents;

  /// The message with the places that lack a receipt.
  Message missing(Message message) const {
    std::erase_if(message.item.places, [&](const Mailbox& place) {
      return std::any_of(receipts.begin(), receipts.end(), [&](const Receipt& each) {
        return each.key == message.item.key && each.place == place.id;
      });
    });
    return message;
  }
};

struct MboxTest : testing::Test {
  std::unique_ptr<Sink> make(Host& with, const std::string& layout = "per_mailbox") const {
    const fs::path path = layout == "single" ? root / "all.mbox" : root;
    nlohmann::json options{{"path", path.string()}, {"layout", layout}};
    return std::make_unique<mbox::MboxSink>(Options(options.dump()), with);
  }

  std::unique_ptr<Sink> opened(const std::string& layout = "per_mailbox") {
    auto sink = make(host, layout);
    sink->open(false);
    return sink;
  }

  static std::vector<Receipt> receipts(const Message& one, const Staged& staged) {
    std::vector<Receipt> out;
    for (const Placed& placed : staged.placed) {
      out.push_back({one.item.key, placed.place, placed.location, one.octets.size(), one.digest()});
    }
    return out;
  }

  /// The way of a batch, as the engine goes it.
  static void commit(Sink& sink, const std::vector<Message>& messages, MboxLedger& ledger) {
    std::vector<Staged> staged;
    for (const Message& each : messages) {
      staged.push_back(sink.store(each.item, each.body()));
    }
    sink.sync(SyncPhase::Data);
    std::vector<Intent> intents;
    for (std::size_t i = 0; i < messages.size(); ++i) {
      for (Receipt& receipt : receipts(messages[i], staged[i])) {
        intents.push_back({std::move(receipt), staged[i].token});
      }
    }
    ledger.intents = intents;
    for (const Staged& each : staged) {
      sink.publish(each);
    }
    sink.sync(SyncPhase::Names);
    for (Intent& intent : intents) {
      ledger.receipts.push_back(std::move(intent.receipt));
    }
    ledger.intents.clear();
  }

  static std::vector<Receipt> commit(Sink& sink, const std::vector<Message>& messages) {
    MboxLedger ledger;
    commit(sink, messages, ledger);
    return ledger.receipts;
  }

  /// What the engine does at the start of a run.
  static void recover(Sink& sink, MboxLedger& ledger) {
    for (const Intent& intent : ledger.intents) {
      if (sink.recover(intent)) {
        ledger.receipts.push_back(intent.receipt);
      }
    }
    sink.sync(SyncPhase::Names);
    sink.sweep();
    ledger.intents.clear();
  }

  /// A whole run: recovery, then batches of two of what is missing.
  static void run(Sink& sink, const std::vector<Message>& messages, MboxLedger& ledger) {
    sink.open(false);
    recover(sink, ledger);
    std::vector<Message> batch;
    for (std::size_t i = 0; i < messages.size(); ++i) {
      if (const Message missing = ledger.missing(messages[i]); !missing.item.places.empty()) {
        batch.push_back(missing);
      }
      if (batch.size() == 2 || (i + 1 == messages.size() && !batch.empty())) {
        commit(sink, batch, ledger);
        batch.clear();
      }
    }
  }

  static std::string bytes_of(Sink& sink, const Receipt& receipt) {
    std::string out;
    sink.read(receipt, [&](std::string_view octets) { out += octets; });
    return out;
  }

  static std::vector<Found> found_in(Sink& sink) {
    std::vector<Found> out;
    sink.scan([&](const Found& each) { out.push_back(each); });
    return out;
  }

  static ErrorClass error_of(const std::function<void()>& action, std::string* text = nullptr) {
    try {
      action();
    } catch (const Error& error) {
      if (text != nullptr) {
        *text = error.what();
      }
      return error.error_class();
    }
    return ErrorClass{0};
  }

  std::string text(const std::string& box) const { return slurp(root / box); }

  void append(const std::string& box, const std::string& octets) const {
    std::ofstream(root / box, std::ios::binary | std::ios::app) << octets;
  }

  void overwrite(const std::string& box, const std::string& octets) const {
    std::fstream file(root / box, std::ios::binary | std::ios::in | std::ios::out);
    file << octets;
    file.close();
    fs::resize_file(root / box, octets.size());
  }

  /// The files in the sink's own folder that hold messages.
  std::size_t staged_files() const {
    std::size_t count = 0;
    for (const char* own : {".mailpipe-mbox", "all.mbox.mailpipe"}) {
      if (fs::exists(root / own)) {
        for (const auto& entry : fs::directory_iterator(root / own)) {
          count += entry.path().filename().string().starts_with("mp-") ? 1U : 0U;
        }
      }
    }
    return count;
  }

  TempDir dir{TempDir::fast_parent()};
  PosixFs posix;
  UnsyncedFs files{posix};
  fs::path root = dir / "root";
  TestHost host{files};
};

/// As it stands in an mbox, for messages without oddities.
inline std::string entry_of(const Message& message) {
  std::string out = "From MAILER-DAEMON Tue Nov 14 22:13:20 2023\n";
  for (const char c : message.octets) {
    if (c != '\r') {
      out += c;
    }
  }
  return out + "\n";
}

/// Somebody else's message, with its empty line.
inline const std::string kTheirs =
    "From them@example.org Wed Nov 15 08:00:00 2023\nSubject: theirs\n\ntext\n\n";

}  // namespace mailpipe::test
