#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace mailpipe::plugin {

/// Where plugins are looked for, in order: `extra` (--plugin-dir), MAILPIPE_PLUGIN_PATH,
/// lib/mailpipe/plugins beside the program's bin/, the user's ~/.local/lib/mailpipe/plugins, the
/// system's /usr/local/lib and /usr/lib. Absolute, each once, whether it exists or not; never the
/// current folder: a relative one in the environment is left out, one in `extra` is completed.
std::vector<std::filesystem::path> search_path(const std::vector<std::string>& extra);

}  // namespace mailpipe::plugin
