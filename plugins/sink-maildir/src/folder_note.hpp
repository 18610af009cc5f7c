#pragma once

#include <mailpipe/file.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mailpipe::maildir {

/// `.mailpipe-folder`, a small file in each folder that we made: it says so, and which mailbox the
/// folder is, which a name that was cut or numbered does not tell.
inline constexpr const char* kFolderNote = ".mailpipe-folder";

std::string note_text(const std::vector<std::string>& path);

/// Nothing when the text is not whole, as after a power cut before anything lay in the folder.
std::optional<std::vector<std::string>> parse_note(std::string_view text);

struct FolderNote {
  bool exists = false;
  std::optional<std::vector<std::string>> path;
};

FolderNote read_note(Fs& fs, const File& folder);

}  // namespace mailpipe::maildir
