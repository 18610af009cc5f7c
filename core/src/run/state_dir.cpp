#include "run/state_dir.hpp"

#include "state/ledger.hpp"

#include <mailpipe/file.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <system_error>
#include <vector>

namespace mailpipe::run {

namespace {

namespace stdfs = std::filesystem;

/// Whoever owns the folder, or a link to it, can put another ledger there at any time.
void refuse_dir_of_another_user(const stdfs::path& dir) {
  for (const int flag : {AT_SYMLINK_NOFOLLOW, 0}) {
    struct stat status {};

    if (::fstatat(AT_FDCWD, dir.c_str(), &status, flag) == 0 && status.st_uid != 0 &&
        status.st_uid != ::geteuid()) {
      throw Error(ErrorClass::Config,
                  "the state folder '" + dir.string() + "' belongs to another user (number " +
                      std::to_string(status.st_uid) + ")",
                  "run as that user, or choose another folder with --state or state:");
    }
  }
}

void make_private_dir(const stdfs::path& dir) {
  std::error_code error;
  stdfs::create_directories(dir, error);
  if (error) {
    throw Error(ErrorClass::Config,
                "cannot make the folder '" + dir.string() + "': " + error.message());
  }
  refuse_dir_of_another_user(dir);
  stdfs::permissions(dir, stdfs::perms::owner_all, error);
}

/// The folders that are to get a new name, the outermost last; that of `dir` itself in any case: a run that was killed may have
/// made it.
std::vector<stdfs::path> parents_to_sync(const stdfs::path& dir) {
  std::vector<stdfs::path> out;
  std::error_code error;
  stdfs::path child = stdfs::absolute(dir, error).lexically_normal();
  do {
    child = child.has_filename() ? child : child.parent_path();
    out.push_back(child.parent_path());
    child = out.back();
  } while (child.has_relative_path() && !stdfs::exists(child, error));
  return out;
}

}  // namespace

stdfs::path spool_dir_in(const stdfs::path& state_dir) {
  return state_dir / "spool";
}

void make_state_dir(Fs& fs, const stdfs::path& dir) {
  std::error_code error;
  const bool is_new = !stdfs::exists(state::Ledger::file_in(dir), error);
  const std::vector<stdfs::path> parents =
      is_new ? parents_to_sync(dir) : std::vector<stdfs::path>();
  make_private_dir(dir);
  make_private_dir(spool_dir_in(dir));
  for (const stdfs::path& parent : parents) {
    open_dir(fs, AT_FDCWD, (parent / ".").string()).sync();  // "/.": the folder behind a link
  }
}

}  // namespace mailpipe::run
