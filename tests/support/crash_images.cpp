#include "support/crash_images.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <stdexcept>
#include <utility>

namespace mailpipe::test {
namespace {

using Kind = Change::Kind;

constexpr std::array kFates = {Fate::Lost, Fate::Kept, Fate::Cut, Fate::Zeroed, Fate::Some};

void write_to(std::string& octets, std::uint64_t offset, std::string_view more) {
  if (octets.size() < offset + more.size()) {
    octets.resize(offset + more.size(), '\0');
  }
  octets.replace(offset, more.size(), more);
}

/// Does the change to the octets, the last `missing` of what it writes left out.
void change_data(std::string& octets, std::int64_t& mtime, const Change& change,
                 std::size_t missing = 0) {
  if (change.kind == Kind::Write) {
    write_to(octets, change.offset,
             std::string_view(change.octets).substr(0, change.octets.size() - missing));
  } else if (change.kind == Kind::Truncate) {
    octets.resize(change.offset, '\0');
  } else {
    mtime = static_cast<std::int64_t>(change.offset);
  }
}

}  // namespace

std::string Crash::text() const {
  constexpr std::array kFates = {"lost", "kept", "cut", "zeroed", "some"};
  std::string out = "names ";
  for (const bool kept : names_kept) {
    out += kept ? '+' : '-';
  }
  for (const auto& [node, fate] : data) {
    out += ", node " + std::to_string(node) + " " + kFates.at(static_cast<std::size_t>(fate));
  }
  return out;
}

std::size_t CrashImage::signature() const {
  std::size_t out = 0;
  const auto mix = [&](std::size_t value) { out = out * 1000003U + value; };
  for (const auto& [path, entry] : entries) {
    mix(std::hash<std::string>()(path));
    mix(entry.node);
    mix(std::hash<std::string>()(entry.octets));
    mix(static_cast<std::size_t>(entry.mtime));
  }
  return out;
}

void CrashDisk::apply(const Change& change) {
  switch (change.kind) {
    case Kind::Name:
    case Kind::Unname:
    case Kind::Rename:
      names_.push_back(change);
      break;
    case Kind::Write:
    case Kind::Truncate:
    case Kind::Mtime:
      files_[change.node].pending.push_back(change);
      break;
    case Kind::SyncData:
      settle_data(change.node);
      break;
    case Kind::SyncNames:
      settle_names(change.node);
      break;
    case Kind::SyncAll:
      settle_all(nodes_.at(change.node).is_state);
      break;
    case Kind::DropData:
      drop_data(files_[change.node]);
      break;
    case Kind::DropAll:
      for (auto& [node, file] : files_) {
        if (nodes_.at(node).is_state == nodes_.at(change.node).is_state) {
          drop_data(file);
        }
      }
      break;
  }
}

void CrashDisk::settle_data(Node node) {
  FileState& file = files_[node];
  for (const Change& change : std::exchange(file.pending, {})) {
    change_data(file.durable, file.mtime, change);
  }
}

void CrashDisk::drop_data(FileState& file) {
  std::erase_if(file.pending, [](const Change& change) { return change.kind == Kind::Write; });
}

void CrashDisk::rename(Folders& folders, const Change& change) {
  const auto leave = [&](Node folder, const std::string& name) {
    const auto found = folders[folder].find(name);
    if (found != folders[folder].end() && found->second == change.node) {
      folders[folder].erase(found);
    }
  };
  if (change.kind != Kind::Name) {
    leave(change.folder, change.name);
  }
  if (change.kind == Kind::Name) {
    folders[change.folder][change.name] = change.node;
  } else if (change.kind == Kind::Rename) {
    folders[change.to_folder][change.to_name] = change.node;
  }
}

void CrashDisk::settle_names(Node folder) {
  std::vector<Change> rest;
  for (Change& change : names_) {
    const Node where = change.kind == Kind::Rename ? change.to_folder : change.folder;
    if (where == folder) {
      rename(folders_, change);
    } else {
      rest.push_back(std::move(change));
    }
  }
  names_ = std::move(rest);
}

void CrashDisk::settle_all(bool state) {
  std::vector<Change> rest;
  for (Change& change : names_) {
    if (nodes_.at(change.node).is_state == state) {
      rename(folders_, change);
    } else {
      rest.push_back(std::move(change));
    }
  }
  names_ = std::move(rest);
  for (const auto& [node, file] : files_) {
    if (nodes_.at(node).is_state == state) {
      settle_data(node);
    }
  }
}

/// Files that may be seen with octets that no sync covers.
std::vector<Node> CrashDisk::dirty() const {
  std::vector<Node> named;
  for (const auto& [folder, names] : folders_) {
    for (const auto& [name, node] : names) {
      named.push_back(node);
    }
  }
  for (const Change& change : names_) {
    named.push_back(change.node);
  }
  std::vector<Node> out;
  for (const auto& [node, file] : files_) {
    if (!file.pending.empty() && std::find(named.begin(), named.end(), node) != named.end()) {
      out.push_back(node);
    }
  }
  return out;
}

Crash CrashDisk::uniform(bool names, Fate data) const {
  Crash out{std::vector<bool>(names_.size(), names), {}};
  for (const Node node : dirty()) {
    out.data[node] = data;
  }
  return out;
}

double CrashDisk::ways() const {
  return std::pow(2, static_cast<double>(names_.size())) *
         std::pow(kFates.size(), static_cast<double>(dirty().size()));
}

std::vector<Crash> CrashDisk::crashes(std::size_t few, std::size_t more,
                                      std::minstd_rand& random) const {
  std::vector<Crash> out = {uniform(false, Fate::Lost), uniform(true, Fate::Kept),
                            uniform(true, Fate::Lost), uniform(false, Fate::Kept)};
  const std::vector<Node> files = dirty();
  const double all = ways();
  if (all <= static_cast<double>(few)) {
    for (std::size_t number = 0; number < static_cast<std::size_t>(all); ++number) {
      std::size_t rest = number;
      Crash& one = out.emplace_back(uniform(false, Fate::Lost));
      for (std::size_t i = 0; i < names_.size(); ++i, rest /= 2) {
        one.names_kept[i] = rest % 2 != 0;
      }
      for (const Node node : files) {
        one.data[node] = kFates.at(rest % kFates.size());
        rest /= kFates.size();
      }
    }
    return out;
  }
  for (const bool others : {false, true}) {
    for (std::size_t i = 0; i < names_.size(); ++i) {
      out.push_back(uniform(others, others ? Fate::Kept : Fate::Lost));
      out.back().names_kept[i] = !others;
    }
    for (const Node node : files) {
      for (const Fate fate : kFates) {
        out.push_back(uniform(others, others ? Fate::Kept : Fate::Lost));
        out.back().data[node] = fate;
      }
    }
  }
  for (std::size_t i = 0; i < more; ++i) {
    Crash& one = out.emplace_back(uniform(false, Fate::Lost));
    for (std::size_t name = 0; name < names_.size(); ++name) {
      one.names_kept[name] = random() % 2 != 0;
    }
    for (auto& [node, fate] : one.data) {
      fate = kFates.at(random() % kFates.size());
    }
  }
  return out;
}

CrashImage::Entry CrashDisk::entry(Node node, const FileState& file, Fate fate) {
  CrashImage::Entry out{node, file.durable, file.mtime};
  for (std::size_t i = 0; fate != Fate::Lost && i < file.pending.size(); ++i) {
    const Change& change = file.pending[i];
    const bool last = i + 1 == file.pending.size();
    if (fate == Fate::Some && i % 2 == 0) {
      continue;
    }
    change_data(out.octets, out.mtime, change,
                fate == Fate::Cut && (last || i % 2 != 0) ? (change.octets.size() + 1) / 2 : 0);
  }
  if (fate == Fate::Zeroed) {
    for (const Change& change : file.pending) {
      if (change.kind == Kind::Write && change.offset < out.octets.size()) {
        const std::size_t n =
            std::min<std::size_t>(change.octets.size(), out.octets.size() - change.offset);
        out.octets.replace(change.offset, n, std::string(n, '\0'));
      }
    }
  }
  return out;
}

void CrashDisk::walk(const Folders& folders, const Crash& crash, Node folder,
                     const std::string& path, CrashImage& out) const {
  const auto found = folders.find(folder);
  if (found == folders.end()) {
    return;
  }
  for (const auto& [name, node] : found->second) {
    const std::string at = path.empty() ? name : path + "/" + name;
    if (nodes_.at(node).is_folder) {
      out.entries[at] = {.node = node, .octets = {}, .mtime = 0};
      walk(folders, crash, node, at, out);
      continue;
    }
    const auto file = files_.find(node);
    const auto fate = crash.data.find(node);
    out.entries[at] =
        file == files_.end()
            ? CrashImage::Entry{node, {}, 0}
            : entry(node, file->second, fate == crash.data.end() ? Fate::Kept : fate->second);
  }
}

CrashImage CrashDisk::image(const Crash& crash) const {
  Folders folders = folders_;
  for (std::size_t i = 0; i < names_.size(); ++i) {
    if (crash.names_kept[i]) {
      rename(folders, names_[i]);
    }
  }
  CrashImage out;
  walk(folders, crash, DiskJournal::kRoot, "", out);
  return out;
}

std::map<std::uint64_t, std::uint64_t> lay_out(const CrashImage& image,
                                               const std::map<Node, NodeInfo>& nodes,
                                               const std::filesystem::path& root) {
  std::map<std::uint64_t, std::uint64_t> numbers;
  std::map<Node, std::filesystem::path> laid;
  for (const auto& [path, entry] : image.entries) {
    const std::filesystem::path at = root / path;
    const NodeInfo& info = nodes.at(entry.node);
    if (info.is_folder) {
      if (::mkdir(at.c_str(), info.mode) != 0) {
        throw std::runtime_error("cannot make " + at.string());
      }
    } else if (const auto link = laid.find(entry.node); link != laid.end()) {
      std::filesystem::create_hard_link(link->second, at);
      continue;
    } else {
      const int fd = ::open(at.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, info.mode);
      const bool whole = fd >= 0 && ::write(fd, entry.octets.data(), entry.octets.size()) ==
                                        static_cast<ssize_t>(entry.octets.size());
      if (entry.mtime != 0) {
        const std::array<timespec, 2> times{{{entry.mtime, 0}, {entry.mtime, 0}}};
        ::futimens(fd, times.data());
      }
      ::close(fd);
      if (!whole) {
        throw std::runtime_error("cannot write " + at.string());
      }
      laid[entry.node] = at;
    }

    struct stat now {};

    ::stat(at.c_str(), &now);
    numbers[now.st_ino] = info.inode;
  }
  return numbers;
}

}  // namespace mailpipe::test
