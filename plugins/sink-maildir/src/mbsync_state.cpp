#include "mbsync_state.hpp"

#include <mailpipe/printable.hpp>

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <utility>
#include <vector>

namespace mailpipe::maildir {
namespace {

constexpr std::uint64_t kLongest = std::uint64_t{256} * 1024 * 1024;  // 10 million messages

/// The first line of the text, without its end; takes it away.
std::string_view take_line(std::string_view& text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(text.size(), line.size() + 1));
  return line;
}

/// The word before the next space; takes it away.
std::string_view take_word(std::string_view& line) {
  const std::string_view word = line.substr(0, line.find(' '));
  line.remove_prefix(std::min(line.size(), word.size() + 1));
  return word;
}

std::optional<std::uint32_t> number(std::string_view text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return value;
}

std::optional<std::string> read_text(Fs& fs, int dir, const std::string& name,
                                     const std::string& path) {
  const int fd = fs.openat(dir, name.c_str(), O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC, 0);
  if (fd == -ENOENT) {
    return std::nullopt;
  }
  if (fd < 0) {
    throw_errno(fd, "cannot open", path);
  }
  const File file(fs, fd, path);
  std::string text;
  std::vector<char> part(std::size_t{64} * 1024);
  while (text.size() < kLongest) {
    const std::int64_t n = fs.pread(fd, part.data(), part.size(), text.size());
    if (n < 0) {
      throw_errno(static_cast<int>(n), "cannot read", path);
    }
    if (n == 0) {
      break;
    }
    text.append(part.data(), static_cast<std::size_t>(n));
  }
  return text;
}

}  // namespace

std::optional<MbsyncState> parse_mbsync_state(std::string_view text) {
  MbsyncState out;
  for (std::string_view line = take_line(text); !line.empty(); line = take_line(text)) {
    const std::string_view name = take_word(line);
    const auto value = number(line);
    if (!value) {
      return std::nullopt;
    }
    if (name == "FarUidValidity" || name == "MasterUidValidity") {  // before 1.4
      out.far_validity = *value;
    } else if (name == "NearUidValidity" || name == "SlaveUidValidity") {
      out.near_validity = *value;
    }
  }
  if (out.far_validity == 0) {
    return std::nullopt;
  }
  while (!text.empty()) {
    std::string_view line = take_line(text);
    const auto far = number(take_word(line));
    const auto near = number(take_word(line));
    const bool placeholder = line.starts_with('<') || line.starts_with('>');
    constexpr std::uint32_t kSkipped = 0xFFFFFFFF;  // before 1.3
    if (far && near && *far != 0 && *near != 0 && *far != kSkipped && *near != kSkipped &&
        !placeholder && !line.starts_with('^')) {
      out.far_by_near.emplace(*near, *far);
    }
  }
  return out;
}

std::optional<std::uint32_t> near_uid_in(std::string_view base) {
  constexpr std::string_view kMark = ",U=";
  const std::size_t mark = base.find(kMark);
  if (mark == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view rest = base.substr(mark + kMark.size());
  return number(rest.substr(0, rest.find(',')));
}

MbsyncStates::MbsyncStates(Fs& fs, Host& host, std::string elsewhere)
    : fs_(fs),
      host_(host),
      elsewhere_(std::move(elsewhere)) {}

std::optional<MbsyncState> MbsyncStates::of(const File& folder, std::string box) {
  const auto text_of = [&](const char* name) {
    return read_text(fs_, folder.fd(), name, folder.path() + "/" + name);
  };
  auto text = text_of(".mbsyncstate");
  if (!text && !elsewhere_.empty()) {
    text = text_elsewhere(std::move(box));
  }
  if (!text) {
    return std::nullopt;
  }
  const auto warn = [&](const char* why) {
    host_.log(LogLevel::Warn, "mbsync's state of '" + printable(folder.path()) +
                                  "' is not used, its messages are compared instead: " + why);
    return std::nullopt;
  };
  auto state = parse_mbsync_state(*text);
  if (!state) {
    return warn("it is not as isync 1.3 to 1.5 write it");
  }
  const auto validity = text_of(".uidvalidity");
  if (!validity) {
    return warn("the Maildir has no .uidvalidity (AltMap yes is not supported)");
  }
  if (number(validity->substr(0, validity->find('\n'))) != state->near_validity) {
    return warn("it belongs to another UIDVALIDITY of the Maildir");
  }
  return state;
}

/// SyncState is a folder, with `:<far store>:<far box>_:<near store>:<near box>` in it; or, given
/// with a channel, what `<near box>` is put behind.
std::optional<std::string> MbsyncStates::text_elsewhere(std::string box) {
  std::replace(box.begin(), box.end(), '/', '!');
  std::string path = elsewhere_;
  std::string prefix;
  int fd = fs_.openat(AT_FDCWD, path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
  if (fd == -ENOENT || fd == -ENOTDIR) {
    const std::size_t slash = path.rfind('/');
    prefix = slash == std::string::npos ? path : path.substr(slash + 1);
    path = slash == std::string::npos ? "." : path.substr(0, slash + 1);
    fd = fs_.openat(AT_FDCWD, path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
  }
  if (fd < 0) {
    throw_errno(fd, "cannot open the folder", path);
  }
  const File dir(fs_, fd, path);
  std::vector<std::string> names;
  const int listed = fs_.list(fd, [&](std::string_view name) {
    if (name == prefix + box ||
        (prefix.empty() && name.starts_with(':') && name.ends_with(":" + box))) {
      names.emplace_back(name);
    }
  });
  if (listed < 0) {
    throw_errno(listed, "cannot list", path);
  }
  if (names.size() > 1) {
    host_.log(LogLevel::Warn, "several of mbsync's state files are of a mailbox '" +
                                  printable(box) + "'; none is used");
  }
  return names.size() == 1 ? read_text(fs_, fd, names[0], path + "/" + names[0]) : std::nullopt;
}

}  // namespace mailpipe::maildir
