#include "report_file.hpp"

#include "fs/posix_fs.hpp"
#include "redactor.hpp"

#include <mailpipe/error.hpp>
#include <mailpipe/file.hpp>
#include <mailpipe/printable.hpp>

#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>

namespace mailpipe::app {

namespace {

/// Pipes and devices; also /dev/stdout when that is a file, which the shell has opened.
bool is_stream(const std::filesystem::path& path) {
  std::error_code failed;
  const auto status = std::filesystem::status(path, failed);
  const std::string& name = path.native();
  return name.starts_with("/dev/std") || name.starts_with("/dev/fd/") ||
         (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status) &&
          !std::filesystem::is_directory(status));
}

/// A link that the user made is followed; in a folder like /tmp anyone else could have planted one.
std::filesystem::path behind_links(const std::filesystem::path& path) {
  struct stat status {};

  if (::lstat(path.c_str(), &status) == 0 && S_ISLNK(status.st_mode) && status.st_uid != 0 &&
      status.st_uid != ::geteuid()) {
    throw Error(
        ErrorClass::Config,
        "the report '" + printable(path.string()) + "' is a symbolic link that somebody else made",
        "--report FILE names a file in a folder that only you may write to");
  }
  std::error_code failed;
  const std::filesystem::path real = std::filesystem::canonical(path, failed);
  return failed ? std::filesystem::absolute(path) : real;
}

void write_into(const std::filesystem::path& path, std::string_view text) {
  PosixFs fs;
  const int fd = fs.openat(AT_FDCWD, path.c_str(), O_WRONLY | O_APPEND | O_NOCTTY | O_CLOEXEC, 0);
  if (fd < 0) {
    throw_errno(fd, "cannot open", path.string());
  }
  File file(fs, fd, path.string());
  file.write_all(text);
  file.close();
}

}  // namespace

void check_report_place(const std::filesystem::path& path) {
  if (is_stream(path)) {
    return;
  }
  const std::filesystem::path target = behind_links(path);
  const std::string hint = "--report FILE names a file in a folder that you may write to";
  if (std::filesystem::is_directory(target)) {
    throw Error(ErrorClass::Config, "the report '" + printable(path.string()) + "' is a folder",
                hint);
  }
  if (::access(target.parent_path().c_str(), W_OK | X_OK) != 0) {
    throw Error(
        ErrorClass::Config,
        "the report '" + printable(path.string()) + "' cannot be written: " + std::strerror(errno),
        hint);
  }
}

void write_report_file(const std::filesystem::path& path, std::string_view text) {
  if (is_stream(path)) {
    return write_into(path, text);
  }
  PosixFs fs;
  const std::filesystem::path target = behind_links(path);
  const std::string temporary = target.string() + ".new-" + std::to_string(::getpid());
  fs.unlinkat(AT_FDCWD, temporary.c_str(), 0);  // of a run that was killed
  const int fd = fs.openat(AT_FDCWD, temporary.c_str(),
                           O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0) {
    throw_errno(fd, "cannot create the report", target.string());
  }
  try {
    File file(fs, fd, temporary);
    file.write_all(text);
    file.sync_data();
    file.close();
    const int renamed = fs.rename(AT_FDCWD, temporary.c_str(), AT_FDCWD, target.c_str());
    if (renamed < 0) {
      throw_errno(renamed, "cannot replace", target.string());
    }
  } catch (...) {
    fs.unlinkat(AT_FDCWD, temporary.c_str(), 0);
    throw;
  }
}

void write_report(const std::filesystem::path& path, const nlohmann::json& json) {
  write_report_file(path,
                    Redactor::instance().redact(
                        json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n"));
}

}  // namespace mailpipe::app
