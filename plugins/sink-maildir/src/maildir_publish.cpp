// Staged messages get their names.
#include "file_flags.hpp"
#include "maildir_draft.hpp"

#include <mailpipe/printable.hpp>

#include <cerrno>
#include <utility>

namespace mailpipe::maildir {

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

}  // namespace mailpipe::maildir
