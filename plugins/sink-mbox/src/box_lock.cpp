#include "box_lock.hpp"

#include <mailpipe/printable.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace mailpipe::mbox {
namespace {

constexpr const char* kLockFile = "lock";
constexpr std::chrono::milliseconds kPause{200};

/// "<pid>:<host>", as Dovecot reads it.
std::string owner_text() {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  return std::to_string(::getpid()) + ":" + host.data() + "\n";
}

}  // namespace

BoxLock::BoxLock(Host& host, const File& own, const File& folder, std::string name, const File& box)
    : fs_(host.fs()),
      own_(own),
      folder_(folder),
      dot_lock_(std::move(name) + ".lock"),
      box_(box) {
  for (std::chrono::milliseconds waited{0}; !try_both(); waited += kPause) {
    if (waited >= kPatience) {
      throw_held();
    }
    host.wait(kPause);
  }
}

BoxLock::~BoxLock() {
  unlock();
}

bool BoxLock::try_both() {
  held_by_dot_lock_ = false;
  if (!try_fcntl(true)) {
    return false;
  }
  try {
    dot_locked_ = try_dot_lock();
  } catch (const Error&) {
    try_fcntl(false);
    throw;
  }
  if (!dot_locked_) {
    held_by_dot_lock_ = true;
    try_fcntl(false);
  }
  return dot_locked_;
}

bool BoxLock::try_fcntl(bool lock) noexcept {
  struct flock what {};

  what.l_type = static_cast<short>(lock ? F_WRLCK : F_UNLCK);
  what.l_whence = SEEK_SET;
  // A file system that knows no locks at all (ENOLCK, EINVAL) leaves it to the dot-lock.
  return ::fcntl(box_.fd(), F_OFD_SETLK, &what) == 0 || (errno != EAGAIN && errno != EACCES);
}

/// The same file from run to run, so that a dot-lock that was left is known; it says who we are now.
void BoxLock::make_lock_file(Fs& fs, const File& own) {
  const std::string path = own.path() + "/" + kLockFile;
  const int fd = fs.openat(own.fd(), kLockFile, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0) {
    throw_errno(fd, "cannot make the file", path);
  }
  File file(fs, fd, path);
  const std::string owner = owner_text();
  std::string there(owner.size() + 1, '\0');
  const std::int64_t n = fs.pread(fd, there.data(), there.size(), 0);
  there.resize(static_cast<std::size_t>(std::max<std::int64_t>(n, 0)));
  if (there != owner) {
    if (const int result = fs.ftruncate(fd, 0); result < 0) {
      throw_errno(result, "cannot cut", path);
    }
    file.write_all(owner);
  }
  file.close();
}

/// Whether the dot-lock that lies there is a link to our file.
bool BoxLock::is_ours(Fs& fs, const File& own, const File& folder, const std::string& dot_lock) {
  FileInfo theirs;
  FileInfo ours;
  return fs.stat(folder.fd(), dot_lock.c_str(), theirs) == 0 &&
         fs.stat(own.fd(), kLockFile, ours) == 0 && theirs.inode == ours.inode &&
         theirs.device == ours.device;
}

void BoxLock::clear(Fs& fs, const File& own, const File& folder, const std::string& name) noexcept {
  const std::string dot_lock = name + ".lock";
  if (is_ours(fs, own, folder, dot_lock)) {
    fs.unlinkat(folder.fd(), dot_lock.c_str(), 0);
  }
}

bool BoxLock::try_dot_lock() {
  const std::string path = folder_.path() + "/" + dot_lock_;
  if (is_ours(fs_, own_, folder_, dot_lock_)) {
    fs_.unlinkat(folder_.fd(), dot_lock_.c_str(), 0);  // a killed run's
  }
  make_lock_file(fs_, own_);
  int result = fs_.linkat(own_.fd(), kLockFile, folder_.fd(), dot_lock_.c_str());
  if (result == -EEXIST && is_ours(fs_, own_, folder_, dot_lock_)) {
    return true;  // NFS: the answer was lost, the link was made
  }
  if (result == -EPERM || result == -EOPNOTSUPP || result == -ENOSYS || result == -EMLINK) {
    result = fs_.openat(folder_.fd(), dot_lock_.c_str(),
                        O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (result >= 0) {
      fs_.close(result);
    }
  }
  if (result < 0 && result != -EEXIST) {
    throw_errno(result, "cannot make the lock", path);
  }
  return result >= 0;
}

void BoxLock::unlock() noexcept {
  if (std::exchange(dot_locked_, false) && fs_.unlinkat(folder_.fd(), dot_lock_.c_str(), 0) < 0) {
    fs_.unlinkat(folder_.fd(), dot_lock_.c_str(),
                 0);  // it would keep readers out until the next run
  }
  try_fcntl(false);
}

void BoxLock::throw_held() const {
  const std::string lock = printable(folder_.path() + "/" + dot_lock_);
  if (held_by_dot_lock_) {
    throw Error(ErrorClass::Transient,
                "'" + printable(box_.path()) + "' is locked: '" + lock + "' is there",
                "close the mail program that has it open; if none runs, remove '" + lock + "'");
  }
  throw Error(ErrorClass::Transient,
              "'" + printable(box_.path()) + "' is locked by another program (fcntl)",
              "close the mail program that has it open");
}

}  // namespace mailpipe::mbox
