#include "keyword_table.hpp"

#include "file_flags.hpp"

#include <mailpipe/printable.hpp>

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <utility>

namespace mailpipe::maildir {
namespace {

constexpr const char* kTable = "dovecot-keywords";
constexpr const char* kLock = "dovecot-keywords.lock";
constexpr const char* kNewTable = ".mailpipe-keywords";
constexpr unsigned kOurMode = 0200;  // nobody else makes a lock that cannot be read
constexpr std::size_t kLongest = std::size_t{64} * 1024;
constexpr std::int64_t kStale = 120;  // seconds, as Dovecot has it
constexpr int kTries = 20;

/// What IMAP and Dovecot take for a keyword (RFC 3501, flag-keyword).
bool is_atom(std::string_view keyword) {
  return !keyword.empty() && keyword.size() <= 200 &&
         std::all_of(keyword.begin(), keyword.end(), [](char c) {
           return c > 0x20 && c < 0x7F &&
                  std::string_view("(){%*\"\\]").find(c) == std::string_view::npos;
         });
}

std::int64_t now() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

KeywordTable::KeywordTable(Fs& fs, Host& host, KeywordMemory& memory)
    : fs_(fs),
      host_(host),
      memory_(memory) {}

KeywordTable::~KeywordTable() {
  if (locked_) {
    fs_.unlinkat(folder_.fd(), kNewTable, 0);
    fs_.unlinkat(folder_.fd(), kLock, 0);
  }
}

void KeywordTable::sweep(Fs& fs, const File& folder) {
  FileInfo info;
  if (fs.stat(folder.fd(), kLock, info) == 0 && (info.mode & 0777U) == kOurMode) {
    fs.unlinkat(folder.fd(), kNewTable, 0);
    fs.unlinkat(folder.fd(), kLock, 0);
  }
}

char KeywordTable::known(std::string_view keyword) const {
  for (std::size_t i = 0; i < names_.size(); ++i) {
    if (equal_but_for_case(names_.at(i), keyword)) {
      return static_cast<char>('a' + i);
    }
  }
  return 0;
}

void KeywordTable::tell(std::string_view keyword, const char* why) {
  if (!memory_.told.emplace(keyword).second) {
    return;
  }
  host_.log(LogLevel::Warn,
            "keyword '" + printable(keyword) + "' is kept in the ledger only: " + why);
}

char KeywordTable::letter(const File& folder, std::string_view keyword, bool add) {
  if (!is_atom(keyword)) {
    return 0;
  }
  if (!loaded_) {
    load(folder);
  }
  if (const char found = known(keyword); found != 0 || !add) {
    return found;
  }
  if (!locked_) {
    gave_up_ = gave_up_ || !lock(folder);
    if (gave_up_) {
      tell(keyword, "another program keeps dovecot-keywords locked");
      return 0;
    }
    load(folder);  // what the other program wrote before it let go
    if (const char found = known(keyword); found != 0) {
      return found;
    }
  }
  const auto free =
      std::find_if(names_.begin(), names_.end(), [](const auto& name) { return name.empty(); });
  if (free == names_.end()) {
    tell(keyword, "all 26 letters of the folder are taken");
    return 0;
  }
  *free = keyword;
  return static_cast<char>('a' + (free - names_.begin()));
}

void KeywordTable::load(const File& folder) {
  const std::string path = folder.path() + "/" + kTable;
  names_.fill({});
  others_.clear();
  text_.clear();
  loaded_ = false;  // a table that cannot be read is not replaced
  const int fd = fs_.openat(folder.fd(), kTable, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0);
  if (fd == -ENOENT) {
    loaded_ = true;
    return;
  }
  if (fd < 0) {
    throw_errno(fd, "cannot open", path);
  }
  const File file(fs_, fd, path);
  std::string text(kLongest, '\0');
  std::size_t size = 0;
  for (std::int64_t n = 1; n > 0 && size < text.size(); size += static_cast<std::size_t>(n)) {
    n = fs_.pread(fd, text.data() + size, text.size() - size, size);
    if (n < 0) {
      throw_errno(static_cast<int>(n), "cannot read", path);
    }
  }
  text.resize(size);
  text_ = std::move(text);
  for (std::string_view rest = text_; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    std::size_t number = names_.size();
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), number);
    const auto digits = static_cast<std::size_t>(end - line.data());
    if (error == std::errc() && number < names_.size() && digits + 1 < line.size() &&
        line[digits] == ' ') {
      names_.at(number) = line.substr(digits + 1);
    } else {
      others_.append(line).append("\n");
    }
  }
  loaded_ = true;
}

bool KeywordTable::lock(const File& folder) {
  for (int i = 0; i < kTries; ++i) {
    const int fd = fs_.openat(folder.fd(), kLock,
                              O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kOurMode);
    if (fd >= 0) {
      fs_.close(fd);
      const int again = fs_.openat(folder.fd(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
      if (again < 0) {
        fs_.unlinkat(folder.fd(), kLock, 0);
        throw_errno(again, "cannot open the folder", folder.path());
      }
      folder_ = File(fs_, again, folder.path());
      locked_ = true;
      return true;
    }
    if (fd != -EEXIST) {
      throw_errno(fd, "cannot make the file", folder.path() + "/" + kLock);
    }
    FileInfo info;
    if (fs_.stat(folder.fd(), kLock, info) == 0 && info.mtime < now() - kStale) {
      fs_.unlinkat(folder.fd(), kLock, 0);
    } else {
      host_.wait(std::chrono::milliseconds(100));
    }
  }
  return false;
}

void KeywordTable::write(DataSync& data) {
  const std::string path = folder_.path() + "/" + kNewTable;
  const int fd = fs_.openat(folder_.fd(), kNewTable,
                            O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0) {
    throw_errno(fd, "cannot open", path);
  }
  File file(fs_, fd, path);
  new_text_.clear();
  for (std::size_t i = 0; i < names_.size(); ++i) {
    if (!names_.at(i).empty()) {
      new_text_ += std::to_string(i) + " " + names_.at(i) + "\n";
    }
  }
  new_text_ += others_;
  file.write_all(new_text_);
  data.add(path, std::move(file));
}

void KeywordTable::commit() {
  const int renamed = fs_.rename(folder_.fd(), kNewTable, folder_.fd(), kTable);
  if (renamed < 0) {
    throw_errno(renamed, "cannot rename", folder_.path() + "/" + kNewTable);
  }
  text_ = std::exchange(new_text_, {});
  memory_.durable.reset();
  fs_.unlinkat(folder_.fd(), kLock, 0);
  locked_ = false;
  folder_ = File();
}

}  // namespace mailpipe::maildir
