#include "crash/syscall_oracle.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <iterator>
#include <regex>
#include <stdexcept>

namespace mailpipe::test {
namespace {

namespace fs = std::filesystem;

/// A message's place in a Maildir without the flags and the folder that a later change gives it.
std::string without_flags(const std::string& path) {
  const std::string name = path.substr(path.rfind('/') + 1);
  const fs::path folder = fs::path(path).parent_path();
  const bool maildir = folder.filename() == "cur" || folder.filename() == "new";
  return maildir ? (folder.parent_path() / name.substr(0, name.find(":2,"))).string() : path;
}

/// The message of that size which begins there, as the server sent it, and where it ends in the file.
std::pair<std::string, std::size_t> message_in(const std::string& box, std::size_t offset,
                                               std::size_t size, bool raw) {
  std::string out;
  std::size_t at = box.find('\n', offset);
  at = at == std::string::npos ? box.size() : at + 1;
  while (at < box.size() && out.size() < size) {
    const std::size_t end = std::min(box.find('\n', at), box.size());
    std::string line = box.substr(at, end - at);
    const std::size_t arrows = line.find_first_not_of('>');
    if (arrows != 0 && arrows != std::string::npos && line.compare(arrows, 5, "From ") == 0) {
      line.erase(0, 1);
    }
    out += line + (raw ? "\n" : "\r\n");
    at = end + 1;
  }
  out.resize(std::min(out.size(), size));
  return {out, at + 1};  // an empty line follows
}

/// A location in an mbox: "Lists.sbd/mutt:5120;raw;cut".
struct BoxLocation {
  explicit BoxLocation(const std::string& text) {
    const std::size_t colon = text.rfind(':');
    box = text.substr(0, colon);
    offset = std::stoul(text.substr(colon + 1));
    raw = text.find(";raw", colon) != std::string::npos;
  }

  std::string box;
  std::size_t offset = 0;
  bool raw = false;
};

std::map<std::string, std::string> without_links(std::map<std::string, std::string> tree) {
  static const std::regex kLinks("links [0-9]+");
  for (auto& [path, what] : tree) {
    what = std::regex_replace(what, kLinks, "");
  }
  return tree;
}

template <class Lines>
void compare(const Lines& wanted, const Lines& found, const std::string& what,
             const std::function<std::string(const typename Lines::value_type&)>& text,
             std::vector<std::string>& wrong) {
  std::vector<typename Lines::value_type> missing;
  std::vector<typename Lines::value_type> more;
  std::set_difference(wanted.begin(), wanted.end(), found.begin(), found.end(),
                      std::back_inserter(missing));
  std::set_difference(found.begin(), found.end(), wanted.begin(), wanted.end(),
                      std::back_inserter(more));
  for (const auto& one : missing) {
    wrong.push_back(what + " lacks " + text(one));
  }
  for (const auto& one : more) {
    wrong.push_back(what + " has " + text(one));
  }
}

}  // namespace

SyscallOracle::SyscallOracle(SyscallPipeline& pipeline) : pipeline_(pipeline) {
  pipeline_.reset();
  for (const auto& [path, digest] : pipeline_.visible()) {
    whole_.insert(digest);
  }
  end_ = pipeline_.run_and_count();
  if (end_.exit_code != 0) {
    throw std::runtime_error("the undisturbed run: " + end_.err);
  }
  for (const auto& [path, digest] : pipeline_.visible()) {
    whole_.insert(digest);
  }
  tree_ = pipeline_.tree();
  boxes_ = pipeline_.boxes();
  rows_ = LedgerText::read(pipeline_.state()).rows;
  if (rows_.size() < 5 || (whole_.size() < 4 && boxes_.empty())) {
    throw std::runtime_error("the undisturbed run stored nothing");
  }
}

std::vector<std::string> SyscallOracle::at_once(const LedgerText& ledger) const {
  std::vector<std::string> wrong;
  const std::map<std::string, std::string> visible = pipeline_.visible();
  for (const auto& [path, digest] : visible) {
    if (whole_.count(digest) == 0) {
      wrong.push_back(path + " is visible and no whole message");
    }
    const fs::path beside = (pipeline_.work() / path).replace_extension(".json");
    if (beside.extension() == ".json" && path.ends_with(".eml") &&
        !nlohmann::json::accept(octets_of(beside))) {
      wrong.push_back(path + " is visible and its sidecar is missing or not whole");
    }
  }
  std::map<std::string, std::string> places;
  for (const auto& [path, digest] : visible) {
    places[without_flags(path)] = digest;
  }
  for (const ToldCopy& copy : ledger.copies) {
    if (!copy.open) {
      check_copy(copy, places, wrong);
    }
  }
  for (const std::string& key : ledger.homeless) {
    wrong.push_back(key + " is called stored and has no receipt, and no intent names it");
  }
  check_boxes(ledger, wrong);
  return wrong;
}

void SyscallOracle::check_copy(const ToldCopy& copy,
                               const std::map<std::string, std::string>& visible,
                               std::vector<std::string>& wrong) const {
  if (copy.sink == "mbox") {
    const BoxLocation there(copy.location);
    const auto boxes = pipeline_.boxes();
    const auto box = boxes.find(there.box);
    if (box == boxes.end() ||
        digest_of(message_in(box->second, there.offset, copy.size, there.raw).first) !=
            copy.digest) {
      wrong.push_back(copy.key + " has a receipt, and is not at " + copy.location);
    }
    return;
  }
  const auto found = visible.find(without_flags(copy.sink + "/" + copy.location));
  if (found == visible.end()) {
    wrong.push_back(copy.key + " has a receipt, and nothing is at " + copy.location);
  } else if (found->second != copy.digest) {
    wrong.push_back(copy.key + " has a receipt, and other octets are at " + copy.location);
  }
}

void SyscallOracle::check_boxes(const LedgerText& ledger, std::vector<std::string>& wrong) const {
  const bool promised = std::any_of(ledger.intents.begin(), ledger.intents.end(),
                                    [](const Promise& one) { return one.sink == "mbox"; });
  for (const auto& [name, octets] : pipeline_.boxes()) {
    const auto wanted = boxes_.find(name);
    if (wanted == boxes_.end() || wanted->second.compare(0, octets.size(), octets) != 0) {
      wrong.push_back(name + " does not begin as the undisturbed one");
      continue;
    }
    std::size_t told = 0;
    for (const ToldCopy& copy : ledger.copies) {
      if (copy.sink == "mbox" && BoxLocation(copy.location).box == name) {
        const BoxLocation there(copy.location);
        told = std::max(told, message_in(octets, there.offset, copy.size, there.raw).second);
      }
    }
    if (octets.size() > told && !promised) {
      wrong.push_back(name + " has octets that no receipt and no intent knows of");
    }
  }
}

std::vector<std::string> SyscallOracle::in_the_end(bool unlinked) const {
  std::vector<std::string> wrong;
  using Entry = std::pair<const std::string, std::string>;
  compare<std::map<std::string, std::string>>(
      unlinked ? without_links(tree_) : tree_,
      unlinked ? without_links(pipeline_.tree()) : pipeline_.tree(), "the folder",
      [](const Entry& entry) { return entry.first + ": " + entry.second; }, wrong);
  compare<std::vector<std::string>>(
      rows_, LedgerText::read(pipeline_.state()).rows, "the ledger",
      [](const std::string& row) { return row; }, wrong);
  return wrong;
}

}  // namespace mailpipe::test
