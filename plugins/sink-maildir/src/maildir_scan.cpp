#include "file_flags.hpp"
#include "maildir_sink.hpp"
#include "mbsync_state.hpp"
#include "mbsync_undo.hpp"
#include "message_name.hpp"
#include "sha256.hpp"

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
  const auto state =
      files.empty()
          ? std::nullopt
          : MbsyncStates(fs_, host_, mbsync_state_).of(folder.dir, mbsync_box(folder.location));
  for (const Location& each : files) {
    if (auto message = found_at(each, state)) {
      message->path = path;
      found(*message);
    }
  }
}

/// The mailbox as mbsync calls it.
std::string MaildirSink::mbsync_box(const std::string& location) const {
  if (layout_ == Layout::Verbatim) {
    return location;
  }
  std::string box = "INBOX" + location;
  std::replace(box.begin(), box.end(), '.', '/');
  return box;
}

/// Nothing for what is no regular file, or is gone.
std::optional<Found> MaildirSink::found_at(const Location& location,
                                           const std::optional<MbsyncState>& state) {
  int result = 0;
  const File file = open_file(location, result);
  if (result == -ENOENT) {
    return std::nullopt;
  }
  if (result < 0) {
    throw_errno(result, "cannot open", path_of(location.text()));
  }
  const std::string_view base = parse_name(location.name).base;
  const bool ours = is_our_name(base);
  Found out;
  out.location = location.text();
  out.received_at = time_in(base);
  Sha256 hash;
  MbsyncUndo undo(!ours);
  for_each_chunk(fs_, file, [&](std::string_view octets) {
    hash.add(octets);
    out.size += octets.size();
    undo.add(octets);
  });
  out.digest = hash.take();
  out.original = undo.take();
  const auto near = near_uid_in(base);
  if (!ours && state && near) {
    const auto far = state->far_by_near.find(*near);
    if (far != state->far_by_near.end()) {
      out.ref = std::to_string(state->far_validity) + ":" + std::to_string(far->second);
    }
  }
  return out;
}

}  // namespace mailpipe::maildir
