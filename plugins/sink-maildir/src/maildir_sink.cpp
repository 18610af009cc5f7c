#include "maildir_sink.hpp"

#include "file_flags.hpp"
#include "message_name.hpp"
#include "root_folder.hpp"

#include <mailpipe/printable.hpp>
#include <mailpipe/root_marker.hpp>

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
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

/// A file system without hard links, or a file with too many.
bool no_more_links(int result) {
  return result == -EMLINK || result == -EXDEV || result == -EPERM || result == -EOPNOTSUPP ||
         result == -ENOSYS;
}

FileDigest content_of_receipt(const Receipt& receipt) {
  return {receipt.size, receipt.digest};
}

bool contains(const std::vector<std::string>& keywords, const std::string& keyword) {
  return std::any_of(keywords.begin(), keywords.end(),
                     [&](const auto& each) { return equal_but_for_case(each, keyword); });
}

/// Those of `keywords` that `others` has not.
std::vector<std::string> without(const std::vector<std::string>& keywords,
                                 const std::vector<std::string>& others) {
  std::vector<std::string> out;
  std::copy_if(keywords.begin(), keywords.end(), std::back_inserter(out),
               [&](const auto& each) { return !contains(others, each); });
  return out;
}

std::optional<Location> parse_token(const std::string& token) {
  auto location = parse_location(token);
  if (!location || location->sub != Sub::Tmp || !StagingNames::is_ours(location->name)) {
    return std::nullopt;
  }
  return location;
}

/// In the trash it lies as here.
std::vector<std::string> trash_folder(const Location& location) {
  std::vector<std::string> out;
  std::string_view rest = location.folder;
  while (!rest.empty()) {
    const std::size_t slash = rest.find('/');
    out.emplace_back(rest.substr(0, slash));
    rest = slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
  }
  out.emplace_back(name_of(location.sub));
  return out;
}

std::optional<Location> parse_place(const std::string& text) {
  auto location = parse_location(text);
  if (!location || location->sub == Sub::Tmp) {
    return std::nullopt;
  }
  return location;
}

}  // namespace

class MaildirSink::Draft {
 public:
  /// `file` is not open when there is no tmp/ any more.
  Draft(Fs& fs, Folder& folder, std::string name)
      : location_{folder.location, Sub::Tmp, std::move(name)},
        tmp_(folder.sub(Sub::Tmp).fd()) {
    const std::string path = folder.sub(Sub::Tmp).path() + "/" + location_.name;
    const int fd = fs.openat(tmp_, location_.name.c_str(),
                             O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0 && fd != -ENOENT) {
      throw_errno(fd, "cannot make the file", path);
    }
    fs_ = fd < 0 ? nullptr : &fs;
    file = File(fs, fd, path);
  }

  Draft(Draft&& other) noexcept
      : file(std::move(other.file)),
        fs_(std::exchange(other.fs_, nullptr)),
        location_(std::move(other.location_)),
        tmp_(other.tmp_) {}

  Draft& operator=(Draft&&) = delete;

  ~Draft() {
    if (fs_ != nullptr) {
      fs_->unlinkat(tmp_, location_.name.c_str(), 0);  // what stays behind is swept later
    }
  }

  void kept() noexcept { fs_ = nullptr; }

  std::string token() const { return location_.text(); }

  File file;

 private:
  Fs* fs_ = nullptr;
  Location location_;
  int tmp_;
};

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

/// The letters of those keywords that have one here.
std::string MaildirSink::letters_of(Folder& folder, const std::vector<std::string>& keywords,
                                    bool add) {
  std::string letters;
  for (const std::string& keyword : keywords) {
    char letter = system_letter(keyword);
    if (letter == 0 && !is_never_stored(keyword)) {
      if (folder.keywords == nullptr) {
        folder.keywords = std::make_unique<KeywordTable>(fs_, host_, folder.told);
      }
      letter = folder.keywords->letter(folder.dir, keyword, add);
    }
    if (letter != 0) {
      letters += letter;
    }
  }
  return letters;
}

Location MaildirSink::choose(const Item& item, const Mailbox& place, const FileDigest& content) {
  if (place.path.empty()) {
    throw Error(ErrorClass::Item, "a mailbox of '" + printable(item.key) + "' has no name");
  }
  Folder& folder = writable().make(place.path, *data_);
  std::string letters = letters_of(folder, item.keywords, true);
  std::string base;
  for (unsigned n = 1; base.empty() || taken_.contains(folder.location + "/" + base); ++n) {
    base = base_name(item, content, n);
  }
  // mutt, mu and others read no flags in new/; a message without any is news to them.
  const Sub sub = letters.empty() ? Sub::New : Sub::Cur;
  return {folder.location, sub, name_with(base, std::move(letters))};
}

Placed MaildirSink::place_of(const Item& item, const Mailbox& place, const FileDigest& content) {
  return {place.id, choose(item, place, content).text()};
}

MaildirSink::Draft MaildirSink::draft(const std::vector<std::string>& path) {
  Folder& folder = folders_->make(path, *data_);
  Draft out(fs_, folder, names_.next());
  if (out.file.is_open()) {
    return out;
  }
  folders_->forget(folder.location);  // somebody took the folder away while we had it open
  Draft again(fs_, folders_->make(path, *data_), names_.next());
  if (!again.file.is_open()) {
    throw_errno(-ENOENT, "cannot make the file", again.file.path());
  }
  return again;
}

Staged MaildirSink::keep(Draft draft, const FileDigest& content, std::vector<Placed> placed) {
  Staged staged{draft.token(), std::move(placed)};
  data_->add(staged.token, std::move(draft.file));
  staged_[staged.token] = content;
  draft.kept();
  return staged;
}

Staged MaildirSink::store(const Item& item, const Body& body) {
  writable();
  const FileDigest content{body.size(), body.digest()};
  std::vector<Placed> placed;
  for (const Mailbox& place : item.places) {
    const bool known = std::any_of(placed.begin(), placed.end(),
                                   [&](const Placed& each) { return each.place == place.id; });
    if (!known) {
      placed.push_back(place_of(item, place, content));
    }
  }
  if (placed.empty()) {
    throw Error(ErrorClass::Item, "'" + printable(item.key) + "' is in no mailbox",
                "a Maildir has no place for it");
  }
  Draft file = draft(item.places.front().path);
  body.for_each_chunk([&](std::string_view octets) { file.file.write_all(octets); });
  if (item.received_at) {
    file.file.set_mtime(item.received_at->time_since_epoch().count());
  }
  return keep(std::move(file), content, std::move(placed));
}

Staged MaildirSink::link(const Receipt& receipt, const Item& item, const std::string& place) {
  writable();
  const auto mailbox = std::find_if(item.places.begin(), item.places.end(),
                                    [&](const Mailbox& each) { return each.id == place; });
  if (mailbox == item.places.end()) {
    throw Error(ErrorClass::Internal, "'" + printable(item.key) + "' is not in that mailbox");
  }
  const FileDigest content = content_of_receipt(receipt);
  std::vector<Placed> placed = {place_of(item, *mailbox, content)};
  const auto from = file_of(receipt);
  if (!from || !lies_there(*from, content)) {
    throw Error(ErrorClass::Item,
                "'" + printable(path_of(receipt.location)) + "' is not there, or not as stored",
                "it was moved, changed or deleted after it was stored");
  }
  Folder& to = folders_->make(mailbox->path, *data_);
  const Location staging{to.location, Sub::Tmp, names_.next()};
  Folder* source = folders_->at(from->folder);
  const int linked = source == nullptr ? -ENOENT
                                       : fs_.linkat(source->sub(from->sub).fd(), from->name.c_str(),
                                                    to.sub(Sub::Tmp).fd(), staging.name.c_str());
  if (no_more_links(linked)) {
    return copy(*from, item, *mailbox, content, std::move(placed));
  }
  if (linked == -ENOENT) {
    throw Error(ErrorClass::Item, "'" + printable(path_of(from->text())) + "' went away just now");
  }
  if (linked < 0) {
    throw_errno(linked, "cannot link", path_of(from->text()));
  }
  staged_[staging.text()] = content;
  return {staging.text(), std::move(placed)};
}

Staged MaildirSink::copy(const Location& from, const Item& item, const Mailbox& to,
                         const FileDigest& content, std::vector<Placed> placed) {
  int result = 0;
  const File source = open_file(from, result);
  if (result < 0) {
    throw Error(ErrorClass::Item, "'" + printable(path_of(from.text())) + "' went away just now");
  }
  Draft file = draft(to.path);
  for_each_chunk(fs_, source, [&](std::string_view octets) { file.file.write_all(octets); });
  if (item.received_at) {
    file.file.set_mtime(item.received_at->time_since_epoch().count());
  }
  return keep(std::move(file), content, std::move(placed));
}

void MaildirSink::publish(const Staged& staged) {
  writable();
  const auto from = parse_token(staged.token);
  std::vector<Location> to;
  for (const Placed& placed : staged.placed) {
    const auto location = parse_place(placed.location);
    if (!from || !location) {
      throw Error(ErrorClass::Internal,
                  "'" + printable(placed.location) + "' is no name that this sink gave");
    }
    to.push_back(*location);
  }
  std::vector<Location> links;
  try {
    for (std::size_t i = 1; i < to.size(); ++i) {
      if (publish_link(*from, to[i])) {
        links.push_back(to[i]);
      }
    }
    publish_rename(*from, to.at(0));
  } catch (const Error&) {
    take_back(links);
    throw;
  }
  if (const auto known = staged_.find(staged.token); known != staged_.end()) {
    published_.insert_or_assign(staged.token, known->second);
    staged_.erase(known);
  }
}

/// After a failed publish(): whole or not at all.
void MaildirSink::take_back(const std::vector<Location>& links) noexcept {
  for (const Location& each : links) {
    try {
      if (Folder* folder = folders_->at(each.folder)) {
        fs_.unlinkat(folder->sub(each.sub).fd(), each.name.c_str(), 0);
      }
    } catch (const Error&) {
      // The intent is still open: recover() looks again.
    }
  }
}

/// Whether it was not there before.
bool MaildirSink::publish_link(const Location& from, const Location& to) {
  Folder* source = folders_->at(from.folder);
  Folder* target = folders_->at(to.folder);
  int result = -ENOENT;
  if (source != nullptr && target != nullptr) {
    result = fs_.linkat(source->sub(Sub::Tmp).fd(), from.name.c_str(), target->sub(to.sub).fd(),
                        to.name.c_str());
  }
  if (no_more_links(result)) {
    result = publish_copy(from, to);
  }
  if (!taken_or_there(result, from, to) && result < 0) {
    throw_errno(result, "cannot publish", path_of(to.text()));
  }
  if (target != nullptr) {
    folders_->changed(*target, to.sub);
  }
  return result >= 0;
}

/// Where there are no hard links: a copy, synced before it has its name.
int MaildirSink::publish_copy(const Location& from, const Location& to) {
  int result = 0;
  const File source = open_file(from, result);
  if (result < 0) {
    return result;
  }
  FileInfo info;
  result = fs_.stat(source.fd(), "", info);
  if (result < 0) {
    return result;
  }
  Folder& folder = *folders_->at(to.folder);
  Draft file(fs_, folder, names_.next());
  if (!file.file.is_open()) {
    return -ENOENT;
  }
  for_each_chunk(fs_, source, [&](std::string_view octets) { file.file.write_all(octets); });
  file.file.set_mtime(info.mtime);
  result = fs_.fdatasync(file.file.fd());
  if (result < 0) {
    throw_sync_failure(result, file.file.path());
  }
  const Location staging = *parse_token(file.token());
  file.file.close();
  result = fs_.rename_noreplace(folder.sub(Sub::Tmp).fd(), staging.name.c_str(),
                                folder.sub(to.sub).fd(), to.name.c_str());
  if (result >= 0) {
    file.kept();
  }
  return result;
}

void MaildirSink::publish_rename(const Location& from, const Location& to) {
  Folder* source = folders_->at(from.folder);
  Folder* target = folders_->at(to.folder);
  int result = -ENOENT;
  if (source != nullptr && target != nullptr) {
    result = fs_.rename_noreplace(source->sub(Sub::Tmp).fd(), from.name.c_str(),
                                  target->sub(to.sub).fd(), to.name.c_str());
  }
  if (taken_or_there(result, from, to)) {
    remove_staging(from.text());
  } else if (result < 0) {
    throw_errno(result, "cannot publish", path_of(to.text()));
  }
  if (target != nullptr) {
    folders_->changed(*target, to.sub);
  }
}

/// Whether the message is there already, whatever a reader has called it since. Throws Item when
/// somebody else's file has the name, or the staging is gone.
bool MaildirSink::taken_or_there(int result, const Location& from, const Location& to) {
  if (result != -EEXIST && result != -ENOENT) {
    return false;
  }
  const auto content = content_of(from.text());
  const auto there = folders_->find_file(to);
  if (content && there && lies_there(*there, *content)) {
    return true;
  }
  if (result == -EEXIST) {
    taken_.insert(to.folder + "/" + std::string(parse_name(to.name).base));
    throw Error(ErrorClass::Item, "'" + path_of(to.text()) + "' is taken by another file");
  }
  throw Error(ErrorClass::Item, "the staged file of '" + path_of(to.text()) + "' has vanished");
}

/// What the staging holds, or held.
std::optional<FileDigest> MaildirSink::content_of(const std::string& token) const {
  for (const auto* known : {&staged_, &published_, &settled_}) {
    if (const auto found = known->find(token); found != known->end()) {
      return found->second;
    }
  }
  return std::nullopt;
}

void MaildirSink::remove_staging(const std::string& token) {
  const auto location = parse_token(token);
  Folder* folder = location ? folders_->at(location->folder) : nullptr;
  if (folder == nullptr || !folder->sub(Sub::Tmp).is_open()) {
    return;
  }
  data_->drop(token);
  const int result = fs_.unlinkat(folder->sub(Sub::Tmp).fd(), location->name.c_str(), 0);
  if (result < 0 && result != -ENOENT) {
    throw_errno(result, "cannot remove", path_of(token));
  }
}

void MaildirSink::discard(const Staged& staged) {
  writable();
  remove_staging(staged.token);
  staged_.erase(staged.token);
}

void MaildirSink::sync(SyncPhase phase) {
  Folders& folders = writable();
  if (phase == SyncPhase::Data) {
    folders.write_keywords(*data_);
    data_->sync();
    folders.commit_keywords();
    return;
  }
  folders.write_keywords(*data_);
  data_->sync();  // notes of new mailboxes, keywords of update()
  folders.commit_keywords();
  folders.sync_names(*data_, trash_);
  folders.forget_listings();
  settled_ = std::exchange(published_, {});
}

std::optional<Location> MaildirSink::file_of(const Receipt& receipt) {
  const auto location = parse_place(receipt.location);
  return location && folders_ ? folders_->find_file(*location) : std::nullopt;
}

bool MaildirSink::recover(const Intent& intent) {
  Folders& folders = writable();
  const auto there = file_of(intent.receipt);
  const bool whole = there && lies_there(*there, content_of_receipt(intent.receipt));
  remove_staging(intent.token);
  if (whole) {
    folders.changed_with_parents(there->folder);
    folders.changed(*folders.at(there->folder), there->sub);
  } else if (there) {
    host_.log(LogLevel::Warn, "'" + printable(path_of(there->text())) +
                                  "' is not the message that was to lie there; it stays as it is");
  }
  return whole;
}

void MaildirSink::sweep() {
  Folders& folders = writable();
  std::vector<std::string> old;
  folders.walk([&](Folder& folder) {
    if (folder.sub(Sub::Tmp).is_open()) {
      const int listed = fs_.list(folder.sub(Sub::Tmp).fd(), [&](std::string_view name) {
        const std::string token = Location{folder.location, Sub::Tmp, std::string(name)}.text();
        if (StagingNames::is_ours(name) && !staged_.contains(token)) {
          old.push_back(token);
        }
      });
      if (listed < 0) {
        throw_errno(listed, "cannot list", folder.sub(Sub::Tmp).path());
      }
    }
    return true;
  });
  for (const std::string& token : old) {
    remove_staging(token);
  }
}

std::string MaildirSink::update(const Receipt& receipt, const Item& item) {
  constexpr int kTries = 5;
  Folders& folders = writable();
  for (int i = 0; i < kTries; ++i) {
    const auto from = file_of(receipt);
    if (!from) {
      host_.log(LogLevel::Info, "'" + printable(path_of(receipt.location)) +
                                    "' is not there any more; its flags are in the ledger");
      return receipt.location;
    }
    Folder& folder = *folders.at(from->folder);
    const FileName name = parse_name(from->name);
    const std::string gone = letters_of(folder, without(receipt.keywords, item.keywords), false);
    std::string letters = letters_of(folder, without(item.keywords, receipt.keywords), true);
    for (const char letter : name.flags) {
      if (gone.find(letter) == std::string::npos) {
        letters += letter;
      }
    }
    const Sub sub = letters.empty() ? from->sub : Sub::Cur;
    const Location to{from->folder, sub, name_with(name.base, std::move(letters), name.rest)};
    if ((!name.has_info && to.name == std::string(name.base) + ":2,") ||
        to.text() == from->text()) {
      return from->text();
    }
    const int result = fs_.rename_noreplace(folder.sub(from->sub).fd(), from->name.c_str(),
                                            folder.sub(sub).fd(), to.name.c_str());
    if (result >= 0) {
      folders.changed(folder, from->sub);
      folders.changed(folder, sub);
      return to.text();
    }
    if (result != -ENOENT) {
      throw_errno(result, "cannot rename", path_of(from->text()));
    }
    // A reader was faster: once more, with the flags that it set.
  }
  throw Error(ErrorClass::Transient,
              "'" + printable(path_of(receipt.location)) + "' is renamed again and again");
}

void MaildirSink::remove(const Receipt& receipt, Removal how) {
  Folders& folders = writable();
  const auto there = file_of(receipt);
  if (!there) {
    return;  // done already
  }
  if (!lies_there(*there, content_of_receipt(receipt))) {
    host_.log(LogLevel::Warn, "'" + printable(path_of(there->text())) +
                                  "' is not what was stored there; it stays as it is");
    return;
  }
  Folder& folder = *folders.at(there->folder);
  const File& sub = folder.sub(there->sub);
  if (how == Removal::Trash) {
    trash_.take(sub, there->name, trash_folder(*there));
  } else if (const int removed = fs_.unlinkat(sub.fd(), there->name.c_str(), 0);
             removed < 0 && removed != -ENOENT) {
    throw_errno(removed, "cannot remove", path_of(there->text()));
  }
  folders.changed(folder, there->sub);
}

void MaildirSink::mailbox(MailboxChange change, const Mailbox& mailbox) {
  Folders& folders = writable();
  if (mailbox.path.empty()) {
    return;
  }
  if (change == MailboxChange::Create) {
    folders.make(mailbox.path, *data_);
  } else if (!folders.remove(mailbox.path)) {
    host_.log(LogLevel::Info,
              "the folder of a mailbox that is gone stays: it is not empty, or not "
              "ours",
              {{"mailbox", folders_of(mailbox.path, layout_).empty()
                               ? std::string("INBOX")
                               : folders_of(mailbox.path, layout_).back()}});
  }
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
