#include "crash/syscall_claims.hpp"

#include <filesystem>

namespace mailpipe::test {
namespace {

namespace fs = std::filesystem;

/// Whether the call may be for a message of the next batch, while the one with the copy is published: of a file that is
/// staged, the note of a folder, or a folder that has not the copy's name in it.
bool is_for_another_batch(const std::string& call, const ToldCopy& copy) {
  if (copy.sink == "mbox" || call.starts_with("syncfs ")) {
    return false;  // made for a batch that is due, and there is one at a time
  }
  const fs::path path = call.substr(call.find(' ') + 1);
  const fs::path where = path.parent_path().filename();
  if (where == "tmp" || where == ".mailpipe-stage" || path.filename() == ".mailpipe-folder") {
    return true;
  }
  const fs::path copy_folder = (copy.sink / fs::path(copy.location)).parent_path();
  return fs::is_directory(path) && !path.string().ends_with("/" + copy_folder.string());
}

}  // namespace

std::vector<std::string> claimed_in_vain(const std::string& call, const LedgerText& before,
                                         const LedgerText& after) {
  std::vector<std::string> out;
  for (const ToldCopy& copy : after.copies) {
    const bool of_its_sink = call.find("/" + copy.sink) != std::string::npos;
    const bool promised = before.intents.count({copy.key, copy.sink, copy.place}) != 0;
    if (of_its_sink && !copy.open && before.copies.count(copy) == 0 &&
        !(promised && is_for_another_batch(call, copy))) {
      out.push_back(copy.key);
    }
  }
  return out;
}

}  // namespace mailpipe::test
