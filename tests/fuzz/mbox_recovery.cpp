#include "fs/posix_fs.hpp"
#include "fuzz/target.hpp"
#include "mbox_sink.hpp"

#include <mailpipe/testing/forwarding_fs.hpp>
#include <mailpipe/testing/message.hpp>
#include <mailpipe/testing/temp_dir.hpp>
#include <mailpipe/testing/test_host.hpp>
#include <mailpipe/testing/unsynced_fs.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>

namespace mailpipe::fuzz {

namespace {

namespace fs = std::filesystem;
using test::FsCall;
using test::Message;
constexpr std::uint64_t kWrites = 100;

/// Dies at its nth call; from kWrites on, at a write into the mbox or into a file of what waits or was put aside.
class DyingFs final : public test::ForwardingFs {
 public:
  DyingFs(Fs& inner, std::uint64_t nth, std::size_t most)
      : ForwardingFs(inner),
        left_(nth < kWrites ? nth : nth + 1 - kWrites),
        writes_only_(nth >= kWrites),
        most_(most) {}

 protected:
  int before(FsCall call) noexcept override {
    left_ -= left_ > 0 && (!writes_only_ || call == FsCall::Pwrite) ? 1 : 0;
    return left_ == 0 ? -EIO : 0;
  }

  std::size_t shortened(std::size_t n) noexcept override {
    return most_ == 0 ? n : std::min(n, most_);
  }

 private:
  std::uint64_t left_;
  const bool writes_only_;
  const std::size_t most_;
};

/// An account of two messages, an mbox, and what the engine keeps of it.
class Backup {
 public:
  Backup(const std::string& first, const std::string& second) {
    messages_ = {test::message("M1", ""), test::message("M2", "")};
    messages_[0].octets = first;
    messages_[1].octets = second;
  }

  std::string text() const {
    std::ifstream in(box(), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  void append(const std::string& octets) const {
    fs::create_directories(box().parent_path());
    std::ofstream(box(), std::ios::binary | std::ios::app) << octets;
  }

  const std::vector<Message>& messages() const { return messages_; }

  /// A run as the engine makes it, which dies at its nth call of the file system, from kWrites on at a write; 0: it does not. No call moves more than
  /// `most` octets; 0: no limit.
  void run(std::uint64_t nth, std::size_t most) {
    DyingFs dying(files_, nth, most);
    test::TestHost host(nth > 0 ? static_cast<Fs&>(dying) : files_);
    const nlohmann::json options{{"path", (dir_.path() / "root").string()},
                                 {"layout", "per_mailbox"}};
    mbox::MboxSink sink(Options(options.dump()), host);
    sink.open(false);
    recover(sink);
    commit(sink);
  }

  /// How often the messages lie in the mbox, by its own index.
  std::vector<long> copies() {
    test::TestHost host(files_);
    const nlohmann::json options{{"path", (dir_.path() / "root").string()},
                                 {"layout", "per_mailbox"}};
    mbox::MboxSink sink(Options(options.dump()), host);
    sink.open(true);
    for (const Receipt& receipt : receipts_) {
      std::string octets;
      sink.read(receipt, [&](std::string_view part) { octets += part; });
      hold(digest_of(octets) == receipt.digest, "what was stored can be read");
    }
    std::vector<long> out(messages_.size());
    sink.scan([&](const Found& found) {
      for (std::size_t i = 0; i < messages_.size(); ++i) {
        const Digest& digest = found.original ? found.original->digest : found.digest;
        out[i] += digest == messages_[i].digest() ? 1 : 0;
      }
    });
    return out;
  }

 private:
  static Digest digest_of(const std::string& octets) { return test::TestSha256::of(octets); }

  fs::path box() const { return dir_.path() / "root" / "INBOX"; }

  void recover(Sink& sink) {
    for (const Intent& intent : intents_) {
      if (sink.recover(intent)) {
        receipts_.push_back(intent.receipt);
      }
    }
    sink.sync(SyncPhase::Names);
    sink.sweep();
    intents_.clear();
  }

  void commit(Sink& sink) {
    std::vector<Staged> staged;
    std::vector<Intent> intents;
    for (const Message& each : messages_) {
      if (std::none_of(receipts_.begin(), receipts_.end(),
                       [&](const Receipt& one) { return one.key == each.item.key; })) {
        staged.push_back(sink.store(each.item, each.body()));
        Receipt receipt = each.receipt(staged.back().placed.at(0).location);
        receipt.place = staged.back().placed.at(0).place;
        intents.push_back({std::move(receipt), staged.back().token});
      }
    }
    sink.sync(SyncPhase::Data);
    intents_ = intents;
    for (const Staged& each : staged) {
      sink.publish(each);
    }
    sink.sync(SyncPhase::Names);
    for (Intent& intent : intents) {
      receipts_.push_back(std::move(intent.receipt));
    }
    intents_.clear();
  }

  test::TempDir dir_{test::TempDir::fast_parent()};
  PosixFs posix_;
  test::UnsyncedFs files_{posix_};
  std::vector<Message> messages_;
  std::vector<Receipt> receipts_;
  std::vector<Intent> intents_;
};

/// Whether the run came to its end.
bool ends(Backup& backup, std::uint64_t nth, std::size_t most = 0) {
  bool out = false;
  read([&] {
    backup.run(nth, most);
    out = true;
  });
  return out;
}

}  // namespace

/// Three octets: at which call two runs die, and how much they write at once. Then, each up to an octet 1D: what lies in the mbox before, the two messages,
/// what others append after each of the deaths.
void run(std::string_view octets) {
  constexpr char kEnd = '\x1d';
  constexpr const char* kTheirs = "From them@example.org Wed Nov 15 08:00:00 2023\n";
  Input input(octets);
  const std::uint64_t first_death = input.octet();
  const std::uint64_t second_death = input.octet();
  const std::size_t most = 8U * input.octet();
  const std::string before = input.part(kEnd);
  const std::string one = input.part(kEnd);
  const std::string two = input.part(kEnd);
  Backup backup(one, two);
  if (!before.empty()) {
    backup.append(before);
  }
  std::vector<std::string> theirs;
  for (const std::uint64_t death : {first_death, second_death}) {
    if (death > 0) {
      ends(backup, death, most);
      hold(backup.text().starts_with(before), "what lay there before stays as it is");
      theirs.push_back(kTheirs + input.part(kEnd) + "\n\n");
      backup.append(theirs.back());
    }
  }
  const std::string found = backup.text();
  const bool ended = ends(backup, 0);
  const std::string text = backup.text();
  hold(text.starts_with(before), "what lay there before stays as it is");
  hold(ended || text == found, "a recovery that does not understand changes nothing");
  for (const std::string& each : theirs) {
    hold(!ended || text.find(each) != std::string::npos, "no octet that others wrote is lost");
  }
  // Of what CR CR LF became, a scan takes a CR for one that was kept.
  const bool told =
      one.find("\r\r\n") == std::string::npos && two.find("\r\r\n") == std::string::npos;
  if (ended && one != two && told) {
    const std::vector<long> copies = backup.copies();
    hold(copies[0] >= 1 && copies[1] >= 1, "no message is lost");
    // What others wrote may be the same message, or become it where they wrote into ours.
    hold(!before.empty() || !theirs.empty() || (copies[0] == 1 && copies[1] == 1),
         "no message lies there twice");
  }
}

}  // namespace mailpipe::fuzz
