// What was published is appended, a box at a time.
#include "box_name.hpp"
#include "data_sync.hpp"
#include "locked_box.hpp"

#include <mailpipe/printable.hpp>

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace mailpipe::mbox {

/// How many newlines make the end of the box one behind which a postmark may stand.
std::uint64_t MboxSink::newlines_wanted(const File& box, std::uint64_t size) {
  std::array<char, 2> last{'\n', '\n'};
  const std::uint64_t count = std::min<std::uint64_t>(size, 2);
  for (std::uint64_t left = count; left > 0;) {
    const std::int64_t n = fs_.pread(box.fd(), last.data() + 2 - left, left, size - left);
    if (n < 0) {
      throw_errno(static_cast<int>(n), "cannot read", box.path());
    }
    if (n == 0) {  // somebody cuts it at this moment: one octet decides nothing
      return 2;
    }
    left -= static_cast<std::uint64_t>(n);
  }
  if (last[1] != '\n') {
    return 2;
  }
  return last[0] == '\n' ? 0 : 1;
}

void MboxSink::refuse_if_changed(const std::string& box, const FileInfo& info) const {
  const auto known = record_.boxes.find(box);
  if (known == record_.boxes.end() || known->second.length == 0) {
    return;
  }
  constexpr const char* kHint =
      "nothing was written. If that was meant, 'mailpipe state rebuild PIPELINE' takes over what "
      "lies "
      "there; else put the file back";
  const std::string path = printable(files_.path_of(box));
  if (info.inode != known->second.inode) {
    throw Error(ErrorClass::Permanent,
                "'" + path + "' is another file than the one that was written", kHint);
  }
  if (info.size < known->second.length) {
    throw Error(ErrorClass::Permanent,
                "'" + path + "' has shrunk: it had " + std::to_string(known->second.length) +
                    " octets and has " + std::to_string(info.size),
                kHint);
  }
}

std::unique_ptr<MboxSink::Locked> MboxSink::lock(const std::string& box) {
  constexpr int kTries = 3;
  for (int i = 0; i < kTries; ++i) {
    auto out = std::make_unique<Locked>();
    out->place = files_.place_of(box, false);
    int result = 0;
    out->file = files_.open_box(out->place, true, result);
    if (result == -ENOENT) {
      return nullptr;
    }
    if (result < 0) {
      throw_errno(result, "cannot open", files_.path_of(box));
    }
    out->lock = std::make_unique<BoxLock>(host_, files_.own(), out->place.folder, out->place.name,
                                          out->file);
    FileInfo named;
    result = fs_.stat(out->file.fd(), "", out->info);
    if (result < 0) {
      throw_errno(result, "cannot look at", files_.path_of(box));
    }
    // Somebody may have put another file there while we waited.
    if (fs_.stat(out->place.folder.fd(), out->place.name.c_str(), named) == 0 &&
        named.inode == out->info.inode) {
      return out;
    }
  }
  throw Error(ErrorClass::Transient,
              "'" + printable(files_.path_of(box)) + "' is replaced all the time",
              "close the mail program that does it");
}

void MboxSink::append_published() {
  plan_appends();
  for (BoxAppend& append : record_.appends) {
    lock_and_append(append);
  }
  ends_log_.write(fs_, files_.own());
  record_.save(fs_, files_.own(), true);  // before what was staged goes: an open plan needs it
  appended_ = std::exchange(waiting_, {});
  for (const Append& each : std::exchange(published_, {})) {
    stages_->drop(each.token);
  }
  stages_->tidy();
}

/// Takes down what will be appended to which box, durably: without it recovery cuts nothing.
void MboxSink::plan_appends() {
  record_.stages.clear();
  record_.appends.clear();
  std::map<std::string, std::size_t> stages;
  std::map<std::string, std::size_t> boxes;
  for (const auto& [token, box, ends] : published_) {
    const auto stage = stages.emplace(token.stage, record_.stages.size());
    if (stage.second) {
      record_.stages.push_back(token.stage);
    }
    const auto at = boxes.emplace(box, record_.appends.size());
    if (at.second) {
      record_.appends.emplace_back().box = box;
    }
    record_.appends[at.first->second].ranges.push_back(
        {stage.first->second, token.offset, token.length, ends});
  }
  for (BoxAppend& append : record_.appends) {
    const File file = files_.make_box(files_.place_of(append.box, true));
    FileInfo info;
    if (const int result = fs_.stat(file.fd(), "", info); result < 0) {
      throw_errno(result, "cannot look at", file.path());
    }
    refuse_if_changed(append.box, info);
    fit_to(append, info, newlines_wanted(file, info.size));
  }
  files_.sync();  // the boxes that were made
  BoxLock::make_lock_file(fs_, files_.own());
  if (std::any_of(published_.begin(), published_.end(),
                  [](const Append& each) { return each.ends != Ends{}; })) {
    EndsLog::make(fs_, files_.own());
  }
  record_.save(fs_, files_.own(), true);
}

void MboxSink::fit_to(BoxAppend& append, const FileInfo& info, std::uint64_t newlines) {
  append.inode = info.inode;
  append.old_length = info.size;
  append.lead = newlines;
}

void MboxSink::lock_and_append(BoxAppend& append) {
  const auto box = lock(append.box);
  if (!box) {
    throw Error(ErrorClass::Permanent,
                "'" + printable(files_.path_of(append.box)) + "' has vanished");
  }
  if (box->info.size != append.old_length || box->info.inode != append.inode) {
    refuse_if_changed(append.box, box->info);  // else somebody appended since
    fit_to(append, box->info, newlines_wanted(box->file, box->info.size));
    record_.save(fs_, files_.own(), true);
  }
  try {
    write_append(box->file, append);
  } catch (const Error&) {
    fs_.ftruncate(box->file.fd(), append.old_length);  // while nobody else sees it; if it fails,
    throw;                                             // the next run does it
  }
  note_done(append);
}

void MboxSink::note_done(BoxAppend& append) {
  append.done = true;
  BoxNote& note = note_of(append.box);
  note.inode = append.inode;
  note.length = append.old_length + append.lead;
  for (const Range& range : append.ranges) {
    ends_log_.add(append.box, note.length, range.ends);
    note.length += range.length;
  }
}

void MboxSink::write_append(const File& box, const BoxAppend& append) {
  std::uint64_t at = append.old_length;
  for_each_chunk(fs_, open_stages(), append, [&](std::string_view octets) {
    while (!octets.empty()) {
      const std::int64_t n = fs_.pwrite(box.fd(), octets.data(), octets.size(), at);
      if (n <= 0) {
        throw_errno(n == 0 ? -EIO : static_cast<int>(n), "cannot append to", box.path());
      }
      octets.remove_prefix(static_cast<std::size_t>(n));
      at += static_cast<std::uint64_t>(n);
    }
  });
  if (const int synced = fs_.fdatasync(box.fd()); synced < 0) {
    throw_sync_failure(synced, box.path());
  }
}

/// Those of the record, in its order; not open where one is missing.
std::vector<File> MboxSink::open_stages() {
  std::vector<File> out;
  for (const std::string& stage : record_.stages) {
    out.push_back(stages_->open(stage));
  }
  return out;
}

}  // namespace mailpipe::mbox
