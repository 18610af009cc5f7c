#pragma once

#include <string>
#include <string_view>

namespace mailpipe::state {

/// One name for a file of a sink, whatever its readers do. In a Maildir they move it from new/ to cur/ and put its flags
/// behind ":2," (cr.yp.to/proto/maildir.html); what stands before that never changes. Only names in folders of these
/// two names are cut, so it holds for every other layout as well.
inline std::string file_identity(std::string_view location) {
  const std::size_t slash = location.rfind('/');
  if (slash == std::string_view::npos) {
    return std::string(location);
  }
  const std::string_view folder = location.substr(0, slash);
  if (folder != "cur" && folder != "new" && !folder.ends_with("/cur") &&
      !folder.ends_with("/new")) {
    return std::string(location);
  }
  const std::string_view name = location.substr(slash + 1);
  return std::string(folder.substr(0, folder.size() - 3)) + "cur/" +
         std::string(name.substr(0, name.find(":2,")));
}

}  // namespace mailpipe::state
