#include "file_flags.hpp"
#include "maildir_sink.hpp"
#include "message_name.hpp"

#include <algorithm>
#include <cerrno>

namespace mailpipe::maildir {

void MaildirSink::scan(const std::function<void(const Found&)>& found) {
  if (!folders_) {
    return;
  }
  folders_->walk([&](Folder& folder) {
    scan_folder(folder, found);
    return true;
  });
}

void MaildirSink::scan_folder(Folder& folder, const std::function<void(const Found&)>& found) {
  const std::vector<std::string> path = folders_->mailbox_of(folder);
  std::vector<Location> files;
  for (const Sub sub : {Sub::New, Sub::Cur}) {
    if (!folder.sub(sub).is_open()) {
      continue;
    }
    const int listed = fs_.list(folder.sub(sub).fd(), [&](std::string_view name) {
      if (!name.starts_with('.')) {
        files.push_back({folder.location, sub, std::string(name)});
      }
    });
    if (listed < 0) {
      throw_errno(listed, "cannot list", folder.sub(sub).path());
    }
  }
  std::sort(files.begin(), files.end(),
            [](const Location& a, const Location& b) { return a.name < b.name; });
  for (const Location& each : files) {
    int result = 0;
    const File file = open_file(each, result);
    if (result == -ENOENT) {
      continue;
    }
    if (result < 0) {
      throw_errno(result, "cannot open", path_of(each.text()));
    }
    const FileDigest content = digest_of(fs_, file);
    found({.location = each.text(),
           .path = path,
           .size = content.size,
           .received_at = time_in(parse_name(each.name).base),
           .digest = content.digest,
           .server_ids = {},
           .ref = {},
           .original = {}});
  }
}

}  // namespace mailpipe::maildir
