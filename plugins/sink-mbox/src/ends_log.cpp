#include "ends_log.hpp"

#include "data_sync.hpp"
#include "file_digest.hpp"

#include <fcntl.h>

#include <cerrno>
#include <sstream>

namespace mailpipe::mbox {
namespace {

File open_log(Fs& fs, const File& own) {
  const std::string path = own.path() + "/" + EndsLog::kName;
  const int fd = fs.openat(own.fd(), EndsLog::kName,
                           O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0) {
    throw_errno(fd, "cannot make the file", path);
  }
  return {fs, fd, path};
}

}  // namespace

void EndsLog::add(const std::string& box, std::uint64_t offset, Ends ends) {
  if (ends != Ends{}) {
    lines_ += std::to_string(offset) + " " + (ends.raw ? "r" : "") + (ends.cut ? "c" : "") + " " +
              box + "\n";
  }
}

void EndsLog::make(Fs& fs, const File& own) {
  open_log(fs, own).close();
}

void EndsLog::write(Fs& fs, const File& own) {
  if (lines_.empty()) {
    return;
  }
  File file = open_log(fs, own);
  file.write_all("\n" + lines_);  // what a killed run wrote may not have ended its line
  if (const int synced = fs.fdatasync(file.fd()); synced < 0) {
    throw_sync_failure(synced, file.path());
  }
  file.close();
  lines_.clear();
}

std::map<std::string, EndsLog::Offsets> EndsLog::load(Fs& fs, const File& own) {
  std::map<std::string, Offsets> out;
  const int fd =
      own.is_open() ? fs.openat(own.fd(), kName, O_RDONLY | O_NOFOLLOW | O_CLOEXEC, 0) : -ENOENT;
  if (fd < 0) {
    return out;  // without it some messages are downloaded again
  }
  std::string text;
  for_each_chunk(fs, File(fs, fd, own.path() + "/" + kName),
                 [&](std::string_view octets) { text += octets; });
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::uint64_t offset = 0;
    std::string ends;
    std::string box;
    if (words >> offset >> ends && words.get() == ' ' && std::getline(words, box)) {
      out[box][offset] = {.raw = ends.find('r') != std::string::npos,
                          .cut = ends.find('c') != std::string::npos};
    }
  }
  return out;
}

}  // namespace mailpipe::mbox
