// After a kill: what lies behind the length that a box had is compared with what was staged.
#include "data_sync.hpp"
#include "locked_box.hpp"

#include <mailpipe/printable.hpp>

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <set>
#include <string>

namespace mailpipe::mbox {
namespace {

constexpr const char* kRebuild =
    "nothing was changed. Look at the end of the file; 'mailpipe state rebuild PIPELINE' takes "
    "over "
    "what lies there";

void write_at(Fs& fs, const File& file, std::uint64_t at, std::string_view octets) {
  while (!octets.empty()) {
    const std::int64_t n = fs.pwrite(file.fd(), octets.data(), octets.size(), at);
    if (n <= 0) {
      throw_errno(n == 0 ? -EIO : static_cast<int>(n), "cannot write", file.path());
    }
    octets.remove_prefix(static_cast<std::size_t>(n));
    at += static_cast<std::uint64_t>(n);
  }
}

void sync_data(Fs& fs, const File& file) {
  if (const int synced = fs.fdatasync(file.fd()); synced < 0) {
    throw_sync_failure(synced, file.path());
  }
}

void cut(Fs& fs, const File& file, std::uint64_t length) {
  if (const int result = fs.ftruncate(file.fd(), length); result < 0) {
    throw_errno(result, "cannot cut", file.path());
  }
}

}  // namespace

void MboxSink::settle() {
  if (settled_) {
    return;
  }
  const std::vector<File> stages = open_stages();
  bool changed = false;
  for (BoxAppend& append : record_.appends) {
    if (!append.done) {
      settle(append, stages);
      changed = true;
    }
  }
  // What cannot be told any more stays, for recover() to search for.
  std::erase_if(record_.appends, [&](const BoxAppend& append) {
    return !append.done && !lacks_stage(append, stages);
  });
  if (changed) {
    ends_log_.write(fs_, files_.own());
    record_.save(fs_, files_.own(), true);
  }
  settled_ = true;
}

bool MboxSink::lacks_stage(const BoxAppend& append, const std::vector<File>& stages) {
  return std::any_of(append.ranges.begin(), append.ranges.end(),
                     [&](const Range& range) { return !stages.at(range.stage).is_open(); });
}

void MboxSink::settle(BoxAppend& append, const std::vector<File>& stages) {
  if (lacks_stage(append, stages) && !append.rescue) {
    host_.log(LogLevel::Warn, "what was staged for '" + printable(files_.path_of(append.box)) +
                                  "' is not there any more; nothing is cut");
    return;
  }
  const auto box = lock(append.box);
  if (!box && append.old_length == 0) {
    return;
  }
  const std::string path = printable(files_.path_of(append.box));
  if (!box) {
    throw Error(ErrorClass::Permanent, "'" + path + "' is not there any more", kRebuild);
  }
  if (box->info.inode != append.inode || box->info.size < append.old_length) {
    throw Error(ErrorClass::Permanent,
                "'" + path + "' is not as it was before the last run was killed", kRebuild);
  }
  if (append.rescue) {
    put_back(box->file, append);
    return;
  }
  settle_tail(*box, append, stages);
}

/// What was planned is done after all: other boxes may have got their part, and a message that comes anew would come behind
/// those that were planned after it.
void MboxSink::carry_out(Locked& box, BoxAppend& append) {
  try {
    write_append(box.file, append);
    note_done(append);
  } catch (const Error& error) {  // a full disk, say: then they do come anew
    cut(fs_, box.file, append.old_length);
    sync_data(fs_, box.file);
    host_.log(LogLevel::Warn, std::string(error.what()) +
                                  "; what a run had begun to append there is fetched again");
  }
}

void MboxSink::settle_tail(Locked& box, BoxAppend& append, const std::vector<File>& stages) {
  const std::uint64_t old = append.old_length;
  const Tail tail = compare_tail(fs_, box.file, box.info.size, stages, append);
  switch (tail.kind) {
    case Tail::Kind::Whole:
      // Written once more: if a sync of it failed, the kernel takes it for written, and a second sync for done.
      write_append(box.file, append);
      note_done(append);
      return;
    case Tail::Kind::Part:
      if (box.info.size > old) {
        cut(fs_, box.file, old);
        sync_data(fs_, box.file);
      }
      if (carries_on_) {
        carry_out(box, append);
      }
      return;
    case Tail::Kind::Foreign:
      if (tail.at > old + append.lead) {
        host_.log(LogLevel::Info, "somebody appended to '" + printable(files_.path_of(append.box)) +
                                      "' behind what a killed run had begun: his messages move up");
        rescue(box.file, append, tail.at, box.info.size);
        put_back(box.file, append);
      }
      return;
    case Tail::Kind::Unknown:
      throw Error(ErrorClass::Permanent,
                  "the end of '" + printable(files_.path_of(append.box)) +
                      "' is neither what a killed run wrote nor a message",
                  kRebuild);
  }
}

/// Puts what lies in the box between `from` and `to` into a file of its own, durably, behind what was
/// put aside before.
void MboxSink::rescue(const File& box, BoxAppend& append, std::uint64_t from, std::uint64_t to) {
  const std::string name = stages_->next_name();
  const std::string path = files_.own().path() + "/" + name;
  const int fd = fs_.openat(files_.own().fd(), name.c_str(),
                            O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0) {
    throw_errno(fd, "cannot make the file", path);
  }
  const File file(fs_, fd, path);
  std::uint64_t at = 0;
  const auto copy = [&](std::string_view octets) {
    write_at(fs_, file, at, octets);
    at += octets.size();
  };
  BoxAppend::Rescue rescued{name, from, to};
  if (append.rescue) {
    mailpipe::for_each_chunk(fs_, stages_->open(append.rescue->file), copy);
    rescued.from = append.rescue->from;
  }
  BoxReader(fs_, box).read(from, to, copy);
  if (at != to - rescued.from) {
    throw Error(ErrorClass::Permanent, "'" + path + "' could not be written in full");
  }
  sync_data(fs_, file);
  append.rescue = rescued;
  record_.save(fs_, files_.own(), true);
}

/// Puts what was put aside where our part began. May be done twice, also when somebody appended in
/// between.
void MboxSink::put_back(const File& box, BoxAppend& append) {
  const std::uint64_t base = append.old_length + append.lead;
  FileInfo info;
  if (const int result = fs_.stat(box.fd(), "", info); result < 0) {
    throw_errno(result, "cannot look at", box.path());
  }
  std::string aside;
  const auto load = [&] {
    aside.clear();
    const File file = stages_->open(append.rescue->file);
    if (file.is_open()) {
      mailpipe::for_each_chunk(fs_, file, [&](std::string_view octets) { aside += octets; });
    }
    if (aside.size() != append.rescue->total - append.rescue->from || aside.empty()) {
      throw Error(ErrorClass::Permanent,
                  "what was put aside of '" + box.path() + "' is not there any more", kRebuild);
    }
  };
  load();
  // Its last octets still lie where they lay, unless the box was cut already.
  const std::uint64_t kept = std::max(base + aside.size(), append.rescue->from);
  std::string there;
  BoxReader(fs_, box).read(kept, append.rescue->total,
                           [&](std::string_view octets) { there += octets; });
  const bool uncut = info.size >= append.rescue->total &&
                     std::string_view(aside).ends_with(there) &&
                     there.size() == append.rescue->total - kept;
  if (uncut && info.size > append.rescue->total) {
    rescue(box, append, append.rescue->total, info.size);
    load();
  }
  write_at(fs_, box, append.old_length, std::string(append.lead, '\n'));
  write_at(fs_, box, base, aside);
  if (uncut) {
    cut(fs_, box, base + aside.size());
  }
  sync_data(fs_, box);
}

bool MboxSink::recover(const Intent& intent) {
  writable();
  carries_on_ = true;
  settle();
  const auto location = parse_location(intent.receipt.location);
  if (!location) {
    return false;
  }
  const FileDigest content{intent.receipt.size, intent.receipt.digest};
  if (intent.token.empty()) {
    return find(*location, content).has_value();  // a link to where it lay already
  }
  const auto token = parse_token(intent.token);
  for (const BoxAppend& append : record_.appends) {
    for (const Range& range : append.ranges) {
      if (token && append.box == location->box && range.offset == token->offset &&
          range.length == token->length && record_.stages.at(range.stage) == token->stage) {
        return append.done || find(*location, content).has_value();
      }
    }
  }
  return false;
}

void MboxSink::check_boxes() {
  for (auto at = record_.boxes.begin(); at != record_.boxes.end();) {
    FileInfo info;
    const bool there = files_.open_if_there(at->first, info).is_open();
    if (!there && at->second.length == 0) {
      at = record_.boxes.erase(at);
      continue;
    }
    if (!there) {
      throw Error(ErrorClass::Permanent,
                  "'" + printable(files_.path_of(at->first)) + "' is not there any more",
                  "put it back; or 'mailpipe state rebuild PIPELINE' takes over what lies there");
    }
    refuse_if_changed(at->first, info);
    ++at;
  }
}

void MboxSink::sweep() {
  writable();
  settle();
  // Of all boxes: after a power cut the lock of an earlier batch may be back.
  std::set<std::string> boxes;
  for (const BoxAppend& append : record_.appends) {
    boxes.insert(append.box);
  }
  for (const auto& [box, note] : record_.boxes) {
    boxes.insert(box);
  }
  for (const std::string& box : boxes) {
    if (const auto place = files_.place_of(box, false); place.folder.is_open()) {
      BoxLock::clear(fs_, files_.own(), place.folder, place.name);
    }
  }
  check_boxes();
  // A plan that lacks one of its stages keeps the others: they may tell somebody what was lost.
  const bool open = std::any_of(record_.appends.begin(), record_.appends.end(),
                                [](const BoxAppend& append) { return !append.done; });
  stages_->sweep(host_, [&](const std::string& name) {
    return open &&
           std::find(record_.stages.begin(), record_.stages.end(), name) != record_.stages.end();
  });
}

}  // namespace mailpipe::mbox
