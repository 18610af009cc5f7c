#include "pipeline/mbsync.hpp"

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace mailpipe::test {

namespace fs = std::filesystem;

std::string find_program(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "/usr/bin" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (fs::exists(fs::path(folder) / name)) {
      return fs::path(folder) / name;
    }
  }
  return {};
}

Finished Mbsync::run(const fs::path& folder, const fs::path& root) const {
  fs::create_directories(root);
  const fs::path rc = folder / "mbsyncrc";
  std::ofstream out(rc);
  out << "FSync no\n\nIMAPAccount account\nHost 127.0.0.1\nPort " << port << "\nUser " << user
      << "\nPass secret\nSSLType None\nAuthMechs LOGIN\n\nIMAPStore far\nAccount account\n\n"
      << "MaildirStore near\nPath " << root.string() << "/\nInbox " << root.string()
      << "/INBOX\nSubFolders Verbatim\n\nChannel mail\nFar :far:\nNear :near:\nPatterns";
  for (const std::string& pattern : patterns) {
    out << " \"" << pattern << '"';
  }
  out << "\nSync Pull\nCreate Near\nRemove Near\nExpunge Near\nCopyArrivalDate yes\n"
      << "SyncState *\n";
  out.close();
  return run_process({find_program("mbsync"), "-c", rc.string(), "-a"});
}

}  // namespace mailpipe::test
