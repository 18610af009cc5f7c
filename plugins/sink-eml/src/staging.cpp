#include "staging.hpp"

#include "root_folder.hpp"

#include <fcntl.h>

#include <cerrno>

namespace mailpipe::eml {
namespace {

/// One folder beneath the root, ours alone.
File open_folder(Fs& fs, const File& root) {
  const std::string path = root.path() + "/" + Staging::kFolder;
  const int made = fs.mkdirat(root.fd(), Staging::kFolder, 0700);
  if (made < 0 && made != -EEXIST) {
    throw_errno(made, "cannot make the folder", path);
  }
  const int fd =
      fs.openat(root.fd(), Staging::kFolder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
  if (fd < 0) {
    throw_errno(fd, "cannot open the folder", path);
  }
  File folder(fs, fd, path);
  refuse_if_others_may_write(fs, folder);
  return folder;
}

}  // namespace

StagingFile::~StagingFile() {
  if (staging_ != nullptr) {
    staging_->forget(token_);
  }
}

Staging::Staging(Fs& fs, const File& root, SyncMode mode)
    : fs_(fs),
      folder_(open_folder(fs, root)),
      data_(fs, folder_, mode) {}

StagingFile Staging::create() {
  std::string token = names_.next();
  const int fd = fs_.openat(folder_.fd(), token.c_str(),
                            O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0) {
    throw_errno(fd, "cannot make the file", path_of(token));
  }
  File file(fs_, fd, path_of(token));
  return {*this, std::move(token), std::move(file)};
}

void Staging::finish(StagingFile file) {
  data_.add(file.token_, std::move(file.file_));
  file.staging_ = nullptr;
}

void Staging::remove(const std::string& token) {
  data_.drop(token);
  const int result = fs_.unlinkat(folder_.fd(), token.c_str(), 0);
  if (result < 0 && result != -ENOENT) {
    throw_errno(result, "cannot remove", path_of(token));
  }
}

void Staging::forget(const std::string& token) noexcept {
  // What stays behind is swept by the next run.
  fs_.unlinkat(folder_.fd(), token.c_str(), 0);
}

void Staging::sweep(Host& host, const std::function<bool(const std::string&)>& keep) {
  std::vector<std::string> names;
  const int listed =
      fs_.list(folder_.fd(), [&](std::string_view name) { names.emplace_back(name); });
  if (listed < 0) {
    throw_errno(listed, "cannot list", folder_.path());
  }
  for (const std::string& name : names) {
    if (!is_token(name)) {
      host.log(LogLevel::Warn, "'" + path_of(name) + "' is not ours and stays");
    } else if (!keep(name)) {
      remove(name);
    }
  }
}

}  // namespace mailpipe::eml
