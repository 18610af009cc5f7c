#include "search_path.hpp"

#include "build_paths.hpp"

#include <algorithm>
#include <cstdlib>
#include <sstream>

namespace mailpipe::plugin {

namespace {

namespace fs = std::filesystem;

/// Adds what is absolute and new, written in one way so that equal folders are equal texts.
void add(std::vector<fs::path>& out, const fs::path& folder) {
  if (!folder.is_absolute()) {
    return;
  }
  std::error_code ignored;
  fs::path clean = fs::weakly_canonical(folder, ignored);
  if (clean.empty()) {
    clean = folder.lexically_normal();
  }
  if (std::find(out.begin(), out.end(), clean) == out.end()) {
    out.push_back(std::move(clean));
  }
}

void add_from_environment(std::vector<fs::path>& out) {
  const char* value = ::secure_getenv("MAILPIPE_PLUGIN_PATH");
  std::istringstream folders(value != nullptr ? value : "");
  for (std::string folder; std::getline(folders, folder, ':');) {
    add(out, folder);
  }
}

void add_beside_program(std::vector<fs::path>& out) {
  std::error_code failed;
  const fs::path program = fs::read_symlink("/proc/self/exe", failed);
  if (!failed && program.parent_path().filename() == "bin") {
    const fs::path prefix = program.parent_path().parent_path();
    add(out, prefix / "lib/mailpipe/plugins");
    add(out, prefix / kLibraryFolder / "mailpipe/plugins");  // lib/x86_64-linux-gnu, lib64
  }
}

}  // namespace

std::vector<fs::path> search_path(const std::vector<std::string>& extra) {
  std::vector<fs::path> out;
  for (const std::string& folder : extra) {
    add(out, fs::absolute(folder));
  }
  add_from_environment(out);
  add_beside_program(out);
  if (const char* home = ::secure_getenv("HOME"); home != nullptr) {
    add(out, fs::path(home) / ".local/lib/mailpipe/plugins");
  }
  for (const char* system : {"/usr/local/lib", "/usr/lib"}) {
    add(out, fs::path(system) / "mailpipe/plugins");
  }
  return out;
}

}  // namespace mailpipe::plugin
