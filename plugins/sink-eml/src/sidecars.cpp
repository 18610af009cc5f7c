#include "sidecars.hpp"

#include "sidecar_text.hpp"

#include <mailpipe/printable.hpp>

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace mailpipe::eml {
namespace {

constexpr std::uint64_t kLargest = std::uint64_t{16} << 20U;  // some 30,000 messages in one file

}  // namespace

/// A sidecar of ours; empty: there is none; nothing: something else has its name.
std::optional<std::string> Sidecars::read(const std::string& name) {
  const int fd =
      fs_.openat(root_.fd(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0);
  if (fd == -ENOENT) {
    return std::string();
  }
  if (fd == -ELOOP || fd == -ENXIO) {
    return std::nullopt;
  }
  if (fd < 0) {
    throw_errno(fd, "cannot open", path_of(name));
  }
  const File file(fs_, fd, path_of(name));
  FileInfo info;
  const int result = fs_.stat(fd, "", info);
  if (result < 0) {
    throw_errno(result, "cannot look at", path_of(name));
  }
  if (!S_ISREG(info.mode) || info.size > kLargest) {
    return std::nullopt;
  }
  std::string text;
  for_each_chunk(fs_, file, [&](std::string_view octets) { text += octets; });
  const std::string message = subject_of_sidecar(text);
  return !message.empty() && sidecar_name(message) == name ? std::optional(std::move(text))
                                                           : std::nullopt;
}

bool Sidecars::is_one(const std::string& name) {
  if (!name.ends_with(".json")) {
    return false;
  }
  const auto text = read(name);
  return text && !text->empty();
}

bool Sidecars::may_have(const std::string& message) {
  return read(sidecar_name(message)).has_value();
}

std::string Sidecars::text_of(const std::string& message) {
  if (const auto found = to_rename_.find(message); found != to_rename_.end()) {
    return found->second.text;
  }
  const std::string name = sidecar_name(message);
  auto text = read(name);
  if (!text) {
    throw Error(ErrorClass::Item, "'" + printable(path_of(name)) + "' is taken by another file",
                "move the file that does not belong there out of the folder");
  }
  return std::move(*text);
}

Sidecars::Written Sidecars::write(std::string text, bool replaces) {
  StagingFile file = staging_->create();
  file.file().write_all(text);
  Written written{file.token(), std::move(text), replaces};
  staging_->finish(std::move(file));
  return written;
}

void Sidecars::stage(const std::string& token, const std::string& message,
                     const FileDigest& content, const Item& item) {
  Waiting waiting{message, content, item, std::nullopt};
  if (!waiting_tokens_.contains(message) && !to_rename_.contains(message)) {
    const std::string old = text_of(message);
    waiting.file = write(with_message(old, message, content, item), !old.empty());
  }
  waiting_.insert_or_assign(token, std::move(waiting));
  waiting_tokens_.emplace(message, token);
}

std::optional<std::string> Sidecars::publish(const std::string& token) {
  const auto found = waiting_.find(token);
  if (found == waiting_.end()) {
    return std::nullopt;
  }
  const Waiting waiting = std::move(found->second);
  std::erase_if(waiting_tokens_, [&](const auto& each) { return each.second == token; });
  waiting_.erase(found);
  if (!waiting.file || !rename(*waiting.file, waiting.message)) {
    put(waiting.message,
        with_message(text_of(waiting.message), waiting.message, waiting.content, waiting.item));
  }
  return waiting.item.key;
}

/// False: what was staged is not there, or something took the name since.
bool Sidecars::rename(const Written& from, const std::string& message) {
  const std::string name = sidecar_name(message);
  const int result =
      from.replaces
          ? fs_.rename(staging_->fd(), from.token.c_str(), root_.fd(), name.c_str())
          : fs_.rename_noreplace(staging_->fd(), from.token.c_str(), root_.fd(), name.c_str());
  if (result == -ENOENT || result == -EEXIST) {
    staging_->remove(from.token);
    return false;
  }
  if (result < 0) {
    throw_errno(result, "cannot publish", path_of(name));
  }
  changed_ = true;
  return true;
}

void Sidecars::discard(const std::string& token) {
  const auto found = waiting_.find(token);
  if (found == waiting_.end()) {
    return;
  }
  if (found->second.file) {
    staging_->remove(found->second.file->token);
  }
  std::erase_if(waiting_tokens_, [&](const auto& each) { return each.second == token; });
  waiting_.erase(found);
}

/// What is staged for that message was made from a sidecar that is no longer the last one.
void Sidecars::forget_staged(const std::string& message) {
  const auto [first, last] = waiting_tokens_.equal_range(message);
  for (auto at = first; at != last; ++at) {
    std::optional<Written>& file = waiting_.at(at->second).file;
    if (file) {
      staging_->remove(file->token);
      file.reset();
    }
  }
}

void Sidecars::put(const std::string& message, std::string text) {
  const bool replaces = !read(sidecar_name(message)).value_or("").empty();
  Written written = write(std::move(text), replaces);
  forget_staged(message);
  unput(message);
  to_rename_.emplace(message, std::move(written));
}

/// What was to be renamed is not.
void Sidecars::unput(const std::string& message) {
  if (const auto found = to_rename_.find(message); found != to_rename_.end()) {
    staging_->remove(found->second.token);
    to_rename_.erase(found);
  }
}

void Sidecars::update(const std::string& message, const FileDigest& content, const Item& item) {
  const std::string old = text_of(message);
  std::string text = with_message(old, message, content, item);
  if (text != old) {
    put(message, std::move(text));
  }
}

void Sidecars::drop(const std::string& message, const std::string& key) {
  if (!may_have(message)) {
    return;
  }
  const std::string old = text_of(message);
  std::string text = without_message(old, key);
  if (text.empty()) {
    unput(message);
    take_away(message, [&](const char* name) { return fs_.unlinkat(root_.fd(), name, 0); });
  } else if (text != old) {
    put(message, std::move(text));
  }
}

void Sidecars::remove(const std::string& message, Removal how, Trash& trash) {
  unput(message);
  take_away(message, [&](const char* name) {
    if (how == Removal::Trash) {
      trash.take(root_, name);
      return 0;
    }
    return fs_.unlinkat(root_.fd(), name, 0);
  });
}

/// Only what is the sidecar of that message.
void Sidecars::take_away(const std::string& message,
                         const std::function<int(const char* name)>& take) {
  const std::string name = sidecar_name(message);
  if (subject_of_sidecar(read(name).value_or("")) != message) {
    return;
  }
  if (const int taken = take(name.c_str()); taken < 0) {
    throw_errno(taken, "cannot remove", path_of(name));
  }
  changed_ = true;
}

bool Sidecars::flush() {
  if (!to_rename_.empty()) {
    staging_->sync();
  }
  for (const auto& [message, written] : to_rename_) {
    if (!rename(written, message)) {
      host_.log(LogLevel::Warn,
                "'" + printable(path_of(sidecar_name(message))) +
                    "' is taken by another file; it stays, and nothing is beside '" +
                    printable(message) + "'");
    }
  }
  to_rename_.clear();
  return std::exchange(changed_, false);
}

bool Sidecars::owns(const std::string& token) const {
  return std::any_of(waiting_.begin(), waiting_.end(),
                     [&](const auto& each) {
                       return each.second.file && each.second.file->token == token;
                     }) ||
         std::any_of(to_rename_.begin(), to_rename_.end(),
                     [&](const auto& each) { return each.second.token == token; });
}

}  // namespace mailpipe::eml
