#include "state/lock.hpp"

#include <mailpipe/error.hpp>
#include <mailpipe/file.hpp>
#include <mailpipe/printable.hpp>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <ctime>

namespace mailpipe::state {

namespace {

std::string holder(int fd) {
  std::array<char, 256> text{};
  const ssize_t n = ::pread(fd, text.data(), text.size(), 0);
  return n > 0 ? printable(std::string_view(text.data(), static_cast<std::size_t>(n)))
               : "another process";
}

void write_holder(int fd) {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  ::gmtime_r(&now, &utc);
  std::array<char, 32> since{};
  std::strftime(since.data(), since.size(), "%Y-%m-%dT%H:%M:%SZ", &utc);
  const std::string text =
      "process " + std::to_string(::getpid()) + " on " + host.data() + " since " + since.data();
  [[maybe_unused]] const int cut = ::ftruncate(fd, 0);
  [[maybe_unused]] const ssize_t n = ::pwrite(fd, text.data(), text.size(), 0);
}

}  // namespace

Lock::Lock(const std::filesystem::path& state_dir) {
  const std::string path = (state_dir / "lock").string();
  fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd_ < 0) {
    throw_errno(-errno, "cannot open the lock", path);
  }
  if (::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
    const std::string who = holder(fd_);
    ::close(fd_);
    throw Error(ErrorClass::Transient, "another run of this pipeline is going on: " + who,
                "wait until it ends, or stop it; '" + path + "' is its lock");
  }
  write_holder(fd_);
}

Lock::~Lock() {
  ::close(fd_);
}

}  // namespace mailpipe::state
