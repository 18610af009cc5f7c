#include "stages.hpp"

#include "data_sync.hpp"

#include <mailpipe/printable.hpp>

#include <fcntl.h>

#include <cerrno>
#include <utility>
#include <vector>

namespace mailpipe::mbox {

Stages::Stage& Stages::writable() {
  if (!current_.empty()) {
    return stages_.at(current_);
  }
  std::string name = names_.next();
  const std::string path = own_.path() + "/" + name;
  const int fd =
      fs_.openat(own_.fd(), name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0) {
    throw_errno(fd, "cannot make the file", path);
  }
  current_ = std::move(name);
  return stages_.emplace(current_, Stage{File(fs_, fd, path), 0, {}}).first->second;
}

Token Stages::add(const std::function<void(const std::function<void(std::string_view)>&)>& write) {
  Stage& stage = writable();
  std::uint64_t at = stage.length;
  try {
    write([&](std::string_view octets) {
      while (!octets.empty()) {
        const std::int64_t n = fs_.pwrite(stage.file.fd(), octets.data(), octets.size(), at);
        if (n <= 0) {
          throw_errno(n == 0 ? -EIO : static_cast<int>(n), "cannot write", stage.file.path());
        }
        octets.remove_prefix(static_cast<std::size_t>(n));
        at += static_cast<std::uint64_t>(n);
      }
    });
  } catch (const Error&) {
    if (stage.length == 0) {
      fs_.unlinkat(own_.fd(), current_.c_str(), 0);  // a full disk needs the room
      stages_.erase(std::exchange(current_, {}));
    } else {
      fs_.ftruncate(stage.file.fd(), stage.length);  // else overwritten by the next
    }
    throw;
  }
  Token token{current_, stage.length, at - stage.length};
  stage.waiting.emplace(token.offset, token.length);
  stage.length = at;
  return token;
}

void Stages::sync() {
  if (broken_) {
    throw_broken_sync(own_.path());
  }
  if (current_.empty()) {
    return;
  }
  File& file = stages_.at(current_).file;
  const int result = fs_.fdatasync(file.fd());
  if (result < 0) {
    broken_ = true;
    throw_sync_failure(result, file.path());
  }
  current_.clear();
  broken_ = true;  // unless it closes well
  file.close();
  broken_ = false;
}

bool Stages::contains(const Token& token) const {
  const auto stage = stages_.find(token.stage);
  if (stage == stages_.end()) {
    return false;
  }
  const auto found = stage->second.waiting.find(token.offset);
  return found != stage->second.waiting.end() && found->second == token.length;
}

void Stages::drop(const Token& token) {
  if (const auto stage = stages_.find(token.stage); stage != stages_.end()) {
    stage->second.waiting.erase(token.offset);
  }
}

void Stages::remove(const std::string& name) {
  const int result = fs_.unlinkat(own_.fd(), name.c_str(), 0);
  if (result < 0 && result != -ENOENT) {
    throw_errno(result, "cannot remove", own_.path() + "/" + name);
  }
}

void Stages::tidy() {
  for (auto at = stages_.begin(); at != stages_.end();) {
    if (at->second.waiting.empty()) {
      remove(at->first);
      current_ = at->first == current_ ? std::string() : current_;
      at = stages_.erase(at);
    } else {
      ++at;
    }
  }
}

void Stages::sweep(Host& host, const std::function<bool(const std::string&)>& keep) {
  std::vector<std::string> names;
  const int listed = fs_.list(own_.fd(), [&](std::string_view name) { names.emplace_back(name); });
  if (listed < 0) {
    throw_errno(listed, "cannot list", own_.path());
  }
  for (const std::string& name : names) {
    if (StagingNames::is_ours(name)) {
      if (!stages_.contains(name) && !keep(name)) {
        remove(name);
      }
    } else if (!name.starts_with("boxes.json") && name != "lock" && name != "ends" &&
               !name.starts_with(".mailpipe-sink.json")) {
      host.log(LogLevel::Warn,
               "'" + printable(own_.path() + "/" + name) + "' is not ours and stays");
    }
  }
}

File Stages::open(const std::string& stage) {
  const int fd = fs_.openat(own_.fd(), stage.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC, 0);
  if (fd == -ENOENT) {
    return {};
  }
  if (fd < 0) {
    throw_errno(fd, "cannot open", own_.path() + "/" + stage);
  }
  return {fs_, fd, own_.path() + "/" + stage};
}

}  // namespace mailpipe::mbox
