#include "report_file.hpp"

#include "fs/posix_fs.hpp"
#include "redactor.hpp"

#include <mailpipe/file.hpp>

#include <nlohmann/json.hpp>
#include <unistd.h>

#include <string>

namespace mailpipe::app {

void replace_file(const std::filesystem::path& path, std::string_view text) {
  PosixFs fs;
  const std::filesystem::path target = std::filesystem::absolute(path);
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
  replace_file(path,
               Redactor::instance().redact(
                   json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n"));
}

}  // namespace mailpipe::app
