#include "maildir_sink.hpp"

#include "root_folder.hpp"

#include <mailpipe/printable.hpp>
#include <mailpipe/root_marker.hpp>

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <utility>

namespace mailpipe::maildir {
namespace {

std::string without_trailing_slashes(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) {
    path.pop_back();
  }
  return path;
}

Layout layout_of(const std::string& word) {
  return word == "maildir++" ? Layout::MaildirPlusPlus : Layout::Verbatim;
}

}  // namespace

MaildirSink::MaildirSink(const Options& options, Host& host)
    : host_(host),
      fs_(host.fs()),
      path_(without_trailing_slashes(options.text("path"))),
      sync_mode_(sync_mode(options.text_or("sync", "auto"))),
      layout_(layout_of(options.text_or("layout", "verbatim"))),
      mbsync_state_(options.text_or("mbsync_state", "")),
      trash_(fs_, path_, host.run_time()) {}

void MaildirSink::open(bool read_only) {
  root_ = read_only ? look_at_root(fs_, host_, path_) : open_root(fs_, path_);
  writable_ = !read_only;
  if (root_.is_open()) {
    data_.emplace(fs_, root_, sync_mode_);
    folders_.emplace(fs_, host_, root_, layout_);
  }
}

Folders& MaildirSink::writable() {
  if (!writable_) {
    throw Error(ErrorClass::Internal, "the sink was opened to look only");
  }
  return *folders_;
}

RootState MaildirSink::root() {
  RootState state;
  if (!root_.is_open()) {
    return state;
  }
  state.marker = read_root_marker(fs_, root_);
  if (!state.marker.empty()) {
    state.empty = false;  // it has been in use: nobody asks again
    return state;
  }
  folders_->walk([&](Folder& folder) {
    for (const Sub sub : {Sub::Cur, Sub::New}) {
      if (folder.sub(sub).is_open()) {
        const int listed = fs_.list(folder.sub(sub).fd(), [&](std::string_view name) {
          state.empty = state.empty && name.starts_with('.');
        });
        if (listed < 0) {
          throw_errno(listed, "cannot list", folder.sub(sub).path());
        }
      }
    }
    return state.empty;
  });
  return state;
}

void MaildirSink::mark(const std::string& text) {
  writable();
  write_root_marker(fs_, root_, text);
}

void MaildirSink::write_keywords() {
  folders_->write_keywords(*data_);
  data_->sync();  // with what is staged, and notes of new mailboxes
  folders_->commit_keywords();
  folders_->sync_keywords(*data_);
}

void MaildirSink::sync(SyncPhase phase) {
  Folders& folders = writable();
  write_keywords();
  if (phase == SyncPhase::Data) {
    return;
  }
  folders.sync_names(*data_, trash_);
  folders.forget_listings();
  settled_ = std::exchange(published_, {});
}

void MaildirSink::mailbox(MailboxChange change, const Mailbox& mailbox) {
  Folders& folders = writable();
  if (mailbox.path.empty()) {
    return;
  }
  if (change == MailboxChange::Create) {
    folders.make(mailbox.path);
  } else if (!folders.remove(mailbox.path)) {
    host_.log(LogLevel::Info,
              "the folder of a mailbox that is gone stays: it is not empty, or not "
              "ours",
              {{"mailbox", folders_of(mailbox.path, layout_).empty()
                               ? std::string("INBOX")
                               : folders_of(mailbox.path, layout_).back()}});
  }
}

std::optional<Location> MaildirSink::file_of(const Receipt& receipt) {
  const auto location = parse_place(receipt.location);
  return location && folders_ ? folders_->find_file(*location) : std::nullopt;
}

/// Opens a regular file; `result` is 0 or -errno, -ENOENT also for what is no regular file.
File MaildirSink::open_file(const Location& location, int& result) {
  Folder* folder = folders_->at(location.folder);
  if (folder == nullptr) {
    result = -ENOENT;
    return {};
  }
  // O_NONBLOCK: a FIFO that somebody planted must not hold us up.
  const int fd = fs_.openat(folder->sub(location.sub).fd(), location.name.c_str(),
                            O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0);
  result = fd < 0 ? fd : 0;
  if (fd == -ELOOP || fd == -ENXIO) {
    result = -ENOENT;
  }
  if (fd < 0) {
    return {};
  }
  File file(fs_, fd, path_of(location.text()));
  FileInfo info;
  result = fs_.stat(fd, "", info);
  if (result == 0 && !S_ISREG(info.mode)) {
    result = -ENOENT;
  }
  return file;
}

bool MaildirSink::lies_there(const Location& location, const FileDigest& content) {
  int result = 0;
  const File file = open_file(location, result);
  if (result == -ENOENT) {
    return false;
  }
  FileInfo info;
  if (result == 0) {
    result = fs_.stat(file.fd(), "", info);
  }
  if (result < 0) {
    throw_errno(result, "cannot open", path_of(location.text()));
  }
  return info.size == content.size && digest_of(fs_, file) == content;
}

void MaildirSink::read(const Receipt& receipt, const std::function<void(std::string_view)>& sink) {
  int result = -ENOENT;
  File file;
  if (const auto there = file_of(receipt)) {
    file = open_file(*there, result);
  }
  if (result == -ENOENT) {
    throw Error(ErrorClass::Item, "'" + printable(path_of(receipt.location)) + "' is not there",
                "it was moved or deleted after it was stored");
  }
  if (result < 0) {
    throw_errno(result, "cannot open", path_of(receipt.location));
  }
  for_each_chunk(fs_, file, sink);
}

}  // namespace mailpipe::maildir
