// What was staged is given up, by the run itself or by the one after a kill.
#include "maildir_sink.hpp"

#include <mailpipe/printable.hpp>

#include <cerrno>

namespace mailpipe::maildir {

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

bool MaildirSink::recover(const Intent& intent) {
  Folders& folders = writable();
  const auto there = file_of(intent.receipt);
  const bool whole = there && lies_there(*there, content_of(intent.receipt));
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
  folders.walk_ours([&](Folder& folder) {
    if (folder.keywords == nullptr) {
      KeywordTable::sweep(fs_, folder.dir);
    }
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

}  // namespace mailpipe::maildir
