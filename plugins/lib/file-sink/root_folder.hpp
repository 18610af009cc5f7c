#pragma once

#include <mailpipe/file.hpp>
#include <mailpipe/host.hpp>

#include <string>

namespace mailpipe {

/// Opens the folder of a sink, for good: everything later goes through the descriptor. Makes it,
/// with its parents, mode 0700 and durable, when it is missing.
///
/// Links in the path as the user wrote it are followed, also the last one if the user or root made
/// it; beneath the folder none ever is. Throws Config if it is no folder, or if others may write to
/// it.
File open_root(Fs& fs, const std::string& path);

/// Only looks: a folder that is missing but could be made is not open in the result, and the log
/// says so. Throws Config if it cannot be made, or written to; a file system that is mounted
/// read-only is worth a warning, as reading from it is fine.
File look_at_root(Fs& fs, Host& host, const std::string& path);

/// Throws Config when anyone but the owner may write to the open folder.
void refuse_if_others_may_write(Fs& fs, const File& folder);

}  // namespace mailpipe
