#pragma once

#include "spool/sha256.hpp"

#include <mailpipe/sink.hpp>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace mailpipe::test {

/// What a TreeSink keeps from run to run, and what it was asked.
struct Tree {
  struct File {
    std::string octets;
    std::set<std::string> keywords;
    std::string mailbox;  ///< joined with '/'
  };

  std::map<std::string, File> files, staged, trash;  ///< by location
  std::set<std::string> mailboxes;
  std::string marker;
  std::vector<std::string> calls;
  std::function<void(const std::string& call)> before;  ///< may throw Error
  bool keywords_in_names = false;                       ///< as in a Maildir

  /// Mailboxes in which a message with these octets lies, one entry a copy.
  std::multiset<std::string> where(const std::string& octets) const {
    std::multiset<std::string> out;
    for (const auto& [location, file] : files) {
      if (file.octets == octets) {
        out.insert(file.mailbox);
      }
    }
    return out;
  }

  bool holds(const std::string& mailbox) const {
    return std::any_of(files.begin(), files.end(),
                       [&](const auto& file) { return file.second.mailbox == mailbox; });
  }
};

/// A sink of mailboxes in memory that can do all that a sink can.
class TreeSink final : public Sink {
 public:
  explicit TreeSink(std::shared_ptr<Tree> tree) : tree_(std::move(tree)) {}

  void open(bool) override {}

  RootState root() override { return {tree_->marker, tree_->files.empty()}; }

  void mark(const std::string& text) override { tree_->marker = text; }

  Staged store(const Item& item, const Body& body) override {
    call("store " + item.key);
    Tree::File file;
    body.for_each_chunk([&](std::string_view chunk) { file.octets += chunk; });
    return stage(item, std::move(file), item.places);
  }

  Staged link(const Receipt& from, const Item& item, const std::string& place) override {
    call("link " + item.key);
    const auto found = tree_->files.find(from.location);
    if (found == tree_->files.end()) {
      throw Error(ErrorClass::Item, "'" + from.location + "' is not there");
    }
    std::vector<Mailbox> places = item.places;
    std::erase_if(places, [&](const Mailbox& one) { return one.id != place; });
    return stage(item, {found->second.octets, {}, ""}, places);
  }

  void publish(const Staged& staged) override {
    call("publish");
    for (const Placed& placed : staged.placed) {
      auto node = tree_->staged.extract(placed.location);
      if (!node.empty()) {
        tree_->files.insert(std::move(node));
      }
    }
  }

  void discard(const Staged& staged) override {
    for (const Placed& placed : staged.placed) {
      tree_->staged.erase(placed.location);
    }
  }

  void sync(SyncPhase phase) override {
    call(phase == SyncPhase::Data ? "sync data" : "sync names");
  }

  bool recover(const Intent& intent) override {
    const auto file = tree_->files.find(intent.receipt.location);
    return file != tree_->files.end() &&
           spool::sha256(file->second.octets) == intent.receipt.digest;
  }

  void sweep() override { tree_->staged.clear(); }

  std::string update(const Receipt& receipt, const Item& item) override {
    call("update " + item.key);
    auto node = tree_->files.extract(find(receipt.location));
    if (node.empty()) {
      return receipt.location;
    }
    Tree::File& file = node.mapped();
    for (const std::string& gone : receipt.keywords) {
      file.keywords.erase(gone);
    }
    file.keywords.insert(item.keywords.begin(), item.keywords.end());
    node.key() = receipt.location.substr(0, receipt.location.find(kInfo)) + info_of(file);
    std::string location = node.key();
    tree_->files.insert(std::move(node));  // in vain where the message lies under that name, too
    return location;
  }

  void remove(const Receipt& receipt, Removal how) override {
    call("remove " + receipt.location);
    auto node = tree_->files.extract(find(receipt.location));
    if (!node.empty() && how == Removal::Trash) {
      tree_->trash.insert(std::move(node));
    }
  }

  void mailbox(MailboxChange change, const Mailbox& mailbox) override {
    call((change == MailboxChange::Create ? "create " : "drop ") + name_of(mailbox));
    if (change == MailboxChange::Create) {
      tree_->mailboxes.insert(name_of(mailbox));
    } else if (!tree_->holds(name_of(mailbox))) {
      tree_->mailboxes.erase(name_of(mailbox));
    }
  }

  void read(const Receipt& receipt, const std::function<void(std::string_view)>& out) override {
    call("read " + receipt.location);
    const auto file = tree_->files.find(receipt.location);
    if (file == tree_->files.end()) {
      throw Error(ErrorClass::Item, "'" + receipt.location + "' is not there");
    }
    out(file->second.octets);
  }

  void scan(const std::function<void(const Found&)>& found) override {
    if (tree_->before) {
      tree_->before("scan");
    }
    for (const auto& [location, file] : tree_->files) {
      const Digest digest = spool::sha256(file.octets);
      const std::string header = file.octets.substr(0, file.octets.find("\r\n\r\n") + 2);
      found({.location = location,
             .path = {file.mailbox},
             .size = file.octets.size(),
             .received_at = std::nullopt,
             .digest = digest,
             .server_ids = {},
             .ref = refs_in_scan ? location.substr(location.rfind(':') + 1) : std::string(),
             .original = Found::Original{file.octets.size(), digest, spool::sha256(header)}});
    }
  }

  bool refs_in_scan = false;  ///< as if another tool had left records

 private:
  static std::string name_of(const Mailbox& mailbox) {
    std::string out;
    for (const std::string& part : mailbox.path) {
      out += (out.empty() ? "" : "/") + part;
    }
    return out;
  }

  static constexpr const char* kInfo = ":2,";

  /// What lies there, or else under that name but for its keywords.
  std::string find(const std::string& location) const {
    const std::string base = location.substr(0, location.find(kInfo)) + kInfo;
    const auto like = tree_->files.lower_bound(base);
    const bool other = !tree_->files.contains(location) && tree_->keywords_in_names &&
                       like != tree_->files.end() && like->first.starts_with(base);
    return other ? like->first : location;
  }

  std::string info_of(const Tree::File& file) const {
    std::string out = tree_->keywords_in_names ? kInfo : "";
    for (const std::string& keyword : file.keywords) {
      out += tree_->keywords_in_names ? keyword : "";
    }
    return out;
  }

  Staged stage(const Item& item, Tree::File file, const std::vector<Mailbox>& places) {
    Staged out{.token = item.key, .placed = {}};
    file.keywords = {item.keywords.begin(), item.keywords.end()};
    for (const Mailbox& place : places) {
      file.mailbox = name_of(place);
      const std::string location =
          file.mailbox + (tree_->keywords_in_names ? "/cur/" : "/") + item.key + info_of(file);
      tree_->staged[location] = file;
      out.placed.push_back({place.id, location});
    }
    if (out.placed.empty()) {
      throw Error(ErrorClass::Item, "a message without a mailbox");
    }
    return out;
  }

  void call(const std::string& what) {
    tree_->calls.push_back(what);
    if (tree_->before) {
      tree_->before(what);
    }
  }

  std::shared_ptr<Tree> tree_;
};

}  // namespace mailpipe::test
