#include "eml_sink.hpp"

#include "root_folder.hpp"
#include "sidecar_text.hpp"

#include <mailpipe/printable.hpp>
#include <mailpipe/root_marker.hpp>

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

namespace mailpipe::eml {
namespace {

constexpr unsigned kMostAlike = 1000;

std::string without_trailing_slashes(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) {
    path.pop_back();
  }
  return path;
}

/// One visible name in the root: what a ledger or a caller says is not believed beyond that.
bool is_plain_name(std::string_view name) {
  return !name.empty() && name.front() != '.' &&
         name.find_first_of(std::string_view("/\0", 2)) == std::string_view::npos;
}

}  // namespace

EmlSink::EmlSink(const Options& options, Host& host)
    : host_(host),
      fs_(host.fs()),
      path_(without_trailing_slashes(options.text("path"))),
      sync_mode_(mailpipe::sync_mode(options.text_or("sync", "auto"))),
      with_sidecars_(options.text_or("sidecar", "none") == "json"),
      trash_(fs_, path_, host.run_time()) {}

void EmlSink::open(bool read_only) {
  if (read_only) {
    root_ = look_at_root(fs_, host_, path_);
    sidecars_.emplace(fs_, host_, root_, nullptr);
    return;
  }
  root_ = open_root(fs_, path_);
  staging_.emplace(fs_, root_, sync_mode_);
  sidecars_.emplace(fs_, host_, root_, &*staging_);
}

Staging& EmlSink::staging() {
  if (!staging_) {
    throw Error(ErrorClass::Internal, "the sink was opened to look only");
  }
  return *staging_;
}

RootState EmlSink::root() {
  RootState state;
  if (!root_.is_open()) {
    return state;
  }
  state.marker = read_root_marker(fs_, root_);
  if (!state.marker.empty()) {
    // It has been in use. Listing a million names to say so again would be most of a run with
    // nothing new.
    state.empty = false;
    return state;
  }
  const std::vector<std::string> all = names();
  state.empty = std::none_of(all.begin(), all.end(), [&](const std::string& name) {
    FileInfo info;
    return fs_.stat(root_.fd(), name.c_str(), info) == 0 && S_ISREG(info.mode);
  });
  return state;
}

/// Whatever lies in the root but dot files, in order.
std::vector<std::string> EmlSink::names() {
  std::vector<std::string> out;
  if (!root_.is_open()) {
    return out;
  }
  const int listed = fs_.list(root_.fd(), [&](std::string_view name) {
    if (is_plain_name(name)) {
      out.emplace_back(name);
    }
  });
  if (listed < 0) {
    throw_errno(listed, "cannot list", path_);
  }
  std::sort(out.begin(), out.end());
  return out;
}

void EmlSink::mark(const std::string& text) {
  staging();
  write_root_marker(fs_, root_, text);
}

Staged EmlSink::store(const Item& item, const Body& body) {
  const FileDigest content{body.size(), body.digest()};
  const std::string name = free_name(choose_name(item, body), content);
  StagingFile file = staging().create();
  body.for_each_chunk([&](std::string_view octets) { file.file().write_all(octets); });
  if (item.received_at) {
    file.file().set_mtime(item.received_at->time_since_epoch().count());
  }
  const std::string token = file.token();
  if (with_sidecars_) {
    sidecars_->stage(token, name, content, item);
  }
  try {
    staging().finish(std::move(file));
  } catch (...) {
    sidecars_->discard(token);
    throw;
  }
  staged_[token] = content;
  reserved_[name] = content;
  return {token, {{"", name}}};
}

/// The first name of the choice that is free, or that the same octets have already.
std::string EmlSink::free_name(const NameChoice& choice, const FileDigest& content) {
  for (unsigned n = 1; n <= kMostAlike; ++n) {
    std::string name = choice.numbered(n);
    if (with_sidecars_ && !sidecars_->may_have(name)) {
      continue;
    }
    if (const auto reserved = reserved_.find(name); reserved != reserved_.end()) {
      if (reserved->second == content) {
        return name;
      }
      continue;
    }
    FileInfo info;
    const int result = fs_.stat(root_.fd(), name.c_str(), info);
    if (result < 0 && result != -ENOENT) {
      throw_errno(result, "cannot look at", path_of(name));
    }
    if (result < 0 || (info.size == content.size && lies_there(name, content))) {
      return name;
    }
  }
  throw Error(ErrorClass::Item, "every name like '" + choice.numbered(1) + "' is taken",
              "move the files that do not belong there out of the folder");
}

void EmlSink::publish(const Staged& staged) {
  const auto told_of = sidecars_->publish(staged.token);
  for (const Placed& placed : staged.placed) {
    try {
      publish_as(staged.token, placed.location);
    } catch (const Error& error) {
      if (told_of && error.error_class() == ErrorClass::Item) {
        sidecars_->drop(placed.location, *told_of);
      }
      throw;
    }
  }
}

void EmlSink::publish_as(const std::string& token, const std::string& name) {
  if (!is_plain_name(name) || !Staging::is_token(token)) {
    throw Error(ErrorClass::Internal, "'" + printable(name) + "' is no name that this sink gave");
  }
  const int result = fs_.rename_noreplace(staging().fd(), token.c_str(), root_.fd(), name.c_str());
  if (result == -EEXIST || result == -ENOENT) {
    const auto content = content_of(token);
    if (!content || !lies_there(name, *content)) {
      throw Error(ErrorClass::Item,
                  result == -EEXIST ? "'" + path_of(name) + "' is taken by another file"
                                    : "the staged file of '" + path_of(name) + "' has vanished");
    }
    staging().remove(token);
  } else if (result < 0) {
    throw_errno(result, "cannot publish", path_of(name));
  }
  names_changed_ = true;
  reserved_.erase(name);
  if (const auto staged = staged_.find(token); staged != staged_.end()) {
    published_.insert_or_assign(token, staged->second);
    staged_.erase(staged);
  }
}

/// What the staging holds, or held.
std::optional<FileDigest> EmlSink::content_of(const std::string& token) const {
  for (const auto* known : {&staged_, &published_, &settled_}) {
    if (const auto found = known->find(token); found != known->end()) {
      return found->second;
    }
  }
  return std::nullopt;
}

void EmlSink::discard(const Staged& staged) {
  if (!Staging::is_token(staged.token)) {
    return;
  }
  staging().remove(staged.token);
  sidecars_->discard(staged.token);
  staged_.erase(staged.token);
  for (const Placed& placed : staged.placed) {
    reserved_.erase(placed.location);
  }
}

void EmlSink::sync(SyncPhase phase) {
  if (phase == SyncPhase::Data) {
    staging().sync();
    return;
  }
  sync_names();
}

void EmlSink::sync_names() {
  if (broken_) {
    throw_broken_sync(root_.path());
  }
  names_changed_ = sidecars_->flush() || names_changed_;
  if (!names_changed_) {
    return;
  }
  broken_ = true;  // unless all goes well
  if (unsure_ && staging().may_sync_whole()) {
    staging().sync_whole();
    trash_.synced();
  } else {
    // The trash first: after a power cut a file may lie in both folders, never in none.
    int result = trash_.sync();
    if (result >= 0) {
      result = fs_.fsync(root_.fd());
    }
    if (result < 0) {
      throw_sync_failure(result, root_.path());
    }
  }
  broken_ = names_changed_ = unsure_ = false;
  settled_ = std::exchange(published_, {});
}

bool EmlSink::recover(const Intent& intent) {
  const std::string& name = intent.receipt.location;
  const bool whole =
      is_plain_name(name) && lies_there(name, {intent.receipt.size, intent.receipt.digest});
  if (Staging::is_token(intent.token)) {
    staging().remove(intent.token);
  }
  names_changed_ = names_changed_ || whole;
  FileInfo info;
  if (!whole && is_plain_name(name) && fs_.stat(root_.fd(), name.c_str(), info) == 0) {
    host_.log(LogLevel::Warn, "'" + path_of(name) +
                                  "' is not the message that was to lie there; it stays as it is");
  }
  return with_sidecars_ ? recover_sidecar(intent, whole) : whole;
}

/// A kill leaves the sidecar there that was to be; a power cut may not, and then nobody knows any more what it said:
/// the message counts as not stored, and comes again.
bool EmlSink::recover_sidecar(const Intent& intent, bool whole) {
  const Receipt& receipt = intent.receipt;
  if (!is_plain_name(receipt.location)) {
    return false;
  }
  if (!whole) {
    // Without a staging it was being taken away, and its sidecar goes where the message went.
    if (!intent.token.empty()) {
      sidecars_->drop(receipt.location, receipt.key);
    }
    return false;
  }
  return sidecars_->may_have(receipt.location) &&
         tells_of(sidecars_->text_of(receipt.location), receipt.key, receipt.keywords);
}

void EmlSink::sweep() {
  staging().sweep(host_, [&](const std::string& token) {
    return staged_.contains(token) || sidecars_->owns(token);
  });
}

/// Opens a regular file of the root; `result` is 0 or -errno, -ENOENT also for what is no regular
/// file.
File EmlSink::open_file(const std::string& name, int& result) {
  // O_NONBLOCK: a FIFO that somebody planted must not hold us up.
  const int fd =
      fs_.openat(root_.fd(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0);
  result = fd < 0 ? fd : 0;
  if (fd == -ELOOP || fd == -ENXIO) {
    result = -ENOENT;
  }
  if (fd < 0) {
    return {};
  }
  File file(fs_, fd, path_of(name));
  FileInfo info;
  result = fs_.stat(fd, "", info);
  if (result == 0 && !S_ISREG(info.mode)) {
    result = -ENOENT;
  }
  return file;
}

bool EmlSink::lies_there(const std::string& name, const FileDigest& content) {
  int result = 0;
  const File file = open_file(name, result);
  if (result == -ENOENT) {
    return false;
  }
  FileInfo info;
  if (result == 0) {
    result = fs_.stat(file.fd(), "", info);
  }
  if (result < 0) {
    throw_errno(result, "cannot open", path_of(name));
  }
  return info.size == content.size && digest_of(fs_, file) == content;
}

std::string EmlSink::update(const Receipt& receipt, const Item& item) {
  const std::string& name = receipt.location;
  FileInfo info;
  if (!with_sidecars_ || !is_plain_name(name) ||
      fs_.stat(root_.fd(), name.c_str(), info) == -ENOENT) {
    return name;
  }
  staging();  // not after a look only
  if (!sidecars_->may_have(name)) {
    host_.log(LogLevel::Warn, "the sidecar of '" + printable(path_of(name)) +
                                  "' cannot be written: another file has its name");
    return name;
  }
  sidecars_->update(name, {receipt.size, receipt.digest}, item);
  return name;
}

void EmlSink::remove(const Receipt& receipt, Removal how) {
  const std::string& name = receipt.location;
  staging();  // not after a look only
  if (!is_plain_name(name)) {
    return;
  }
  FileInfo info;
  if (fs_.stat(root_.fd(), name.c_str(), info) == -ENOENT) {
    sidecars_->remove(name, how, trash_);
    names_changed_ = unsure_ = true;  // done already, by a run that could not sync it, perhaps
    return;
  }
  if (!lies_there(name, {receipt.size, receipt.digest})) {
    host_.log(LogLevel::Warn,
              "'" + printable(path_of(name)) + "' is not what was stored there; it stays as it is");
    return;
  }
  if (how == Removal::Trash) {
    trash_.take(root_, name);
  } else if (const int removed = fs_.unlinkat(root_.fd(), name.c_str(), 0); removed < 0) {
    throw_errno(removed, "cannot remove", path_of(name));
  }
  names_changed_ = true;
  sidecars_->remove(name, how, trash_);
}

void EmlSink::read(const Receipt& receipt, const std::function<void(std::string_view)>& sink) {
  int result = -ENOENT;
  File file;
  if (root_.is_open() && is_plain_name(receipt.location)) {
    file = open_file(receipt.location, result);
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

void EmlSink::scan(const std::function<void(const Found&)>& found) {
  for (const std::string& name : names()) {
    if (sidecars_->is_one(name)) {
      continue;
    }
    int result = 0;
    const File file = open_file(name, result);
    if (result == -ENOENT) {
      continue;
    }
    if (result < 0) {
      throw_errno(result, "cannot open", path_of(name));
    }
    const FileDigest content = digest_of(fs_, file);
    ParsedName parsed = parse_name(name);
    found({.location = name,
           .path = {},
           .size = content.size,
           .received_at = parsed.received_at,
           .digest = content.digest,
           .server_ids = std::move(parsed.server_ids),
           .ref = {},
           .original = {}});
  }
}

}  // namespace mailpipe::eml
