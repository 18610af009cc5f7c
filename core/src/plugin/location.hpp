#pragma once

#include <cstdint>
#include <filesystem>

namespace mailpipe::plugin {

/// Where a plugin lies, as it was when it was checked; to tell that it is still the same file.
struct FileId {
  std::uint64_t device = 0, inode = 0;

  friend bool operator==(const FileId&, const FileId&) = default;
};

/// Checks that nobody but root and this user can change the file, as sshd's StrictModes does: it
/// and every folder above it belong to root or to us and are not writable by others. A folder
/// with the sticky bit (/tmp) is fine, because what it holds is checked too.
/// `path` is absolute and free of symbolic links.
/// Errors  Refused(kBadLocation), naming the file or folder at fault and the command that mends it.
FileId check_location(const std::filesystem::path& path);

}  // namespace mailpipe::plugin
