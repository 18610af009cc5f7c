#include "pipeline/maildir_tree.hpp"

#include "file_digest.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <sstream>

namespace mailpipe::test {
namespace {

namespace fs = std::filesystem;
using mailpipe::testing::ImapAccount;
using mailpipe::testing::ImapMessage;
using mailpipe::testing::MailboxName;

std::string text_of(const fs::path& path) {
  std::ostringstream out;
  out << std::ifstream(path, std::ios::binary).rdbuf();
  return out.str();
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

/// "0 work\n1 $junk\n": Dovecot's file, by letter.
std::map<char, std::string> keywords_of(const fs::path& folder) {
  std::map<char, std::string> out;
  std::istringstream lines(text_of(folder / "dovecot-keywords"));
  int number = 0;
  for (std::string name; lines >> number >> name;) {
    out[static_cast<char>('a' + number)] = lower(name);
  }
  return out;
}

std::set<std::string> flags_of(const std::string& name, const std::map<char, std::string>& words) {
  static const std::map<char, std::string> kStandard{{'S', "\\seen"},    {'R', "\\answered"},
                                                     {'F', "\\flagged"}, {'D', "\\draft"},
                                                     {'T', "\\deleted"}, {'P', "$forwarded"}};
  std::set<std::string> out;
  const std::size_t at = name.rfind(":2,");
  for (const char letter : at == std::string::npos ? std::string() : name.substr(at + 3)) {
    const auto& table = letter >= 'a' ? words : kStandard;
    const auto found = table.find(letter);
    out.insert(found == table.end() ? std::string("no such letter ") + letter : found->second);
  }
  return out;
}

MailFile file_at(const fs::path& path, const std::map<char, std::string>& words) {
  struct stat status {};

  ::stat(path.c_str(), &status);
  return {.path = path,
          .sha256 = sha256_of_file(path),
          .size = static_cast<std::uint64_t>(status.st_size),
          .flags = flags_of(path.filename().string(), words),
          .time = status.st_mtime};
}

std::string line_of(const std::string& sha256, std::int64_t time,
                    const std::set<std::string>& flags) {
  std::string out = sha256 + " " + std::to_string(time);
  for (const std::string& flag : flags) {
    out += " " + flag;
  }
  return out;
}

std::string line_of(const ImapMessage& message) {
  std::set<std::string> flags;
  for (const std::string& flag : message.flags) {
    flags.insert(lower(flag));
  }
  return line_of(message.sha256, message.received_at, flags);
}

bool is_part_of_maildir(const std::string& name) {
  return name == "cur" || name == "new" || name == "tmp";
}

void read_below(const fs::path& root, const std::string& folder, MailTree& out) {
  const fs::path here = folder.empty() ? root : root / folder;
  if (fs::is_directory(here / "cur")) {
    const auto words = keywords_of(here);
    std::vector<MailFile>& files = out[folder];
    for (const char* sub : {"cur", "new"}) {
      for (const auto& entry : fs::directory_iterator(here / sub)) {
        files.push_back(file_at(entry.path(), words));
      }
    }
  }
  for (const auto& entry : fs::directory_iterator(here)) {
    const std::string name = entry.path().filename().string();
    if (entry.is_directory() && !is_part_of_maildir(name)) {
      read_below(root, folder.empty() ? name : folder + "/" + name, out);
    }
  }
}

std::string encoded(const std::string& component) {
  if (component.starts_with('.')) {
    return "%2E" + component.substr(1);
  }
  if (is_part_of_maildir(component)) {
    constexpr const char* kDigits = "0123456789ABCDEF";
    const auto first = static_cast<unsigned char>(component[0]);
    return std::string("%") + kDigits[first >> 4U] + kDigits[first & 15U] + component.substr(1);
  }
  return component;
}

}  // namespace

std::string sha256_of_file(const fs::path& path) {
  std::string out;
  for (const unsigned char byte : digest_of(text_of(path))) {
    constexpr const char* kDigits = "0123456789abcdef";
    out += kDigits[byte >> 4U];
    out += kDigits[byte & 15U];
  }
  return out;
}

MailTree read_maildirs(const fs::path& root) {
  MailTree out;
  read_below(root, {}, out);
  return out;
}

std::string folder_of(const MailboxName& name) {
  std::string out;
  std::istringstream parts(name.octets());
  for (std::string part; std::getline(parts, part, '/');) {
    out += (out.empty() ? "" : "/") + encoded(part);
  }
  return out;
}

Contents contents_of_tree(const MailTree& tree) {
  Contents out;
  for (const auto& [folder, files] : tree) {
    auto& here = out[folder];
    for (const MailFile& file : files) {
      here.insert(line_of(file.sha256, file.time, file.flags));
    }
  }
  return out;
}

Contents contents_of_account(ImapAccount& account) {
  Contents out;
  for (const std::string& name : account.list()) {
    auto& here = out[folder_of(name)];
    for (const ImapMessage& message : account.messages(name)) {
      here.insert(line_of(message));
    }
  }
  return out;
}

Contents digests_in(const Contents& contents) {
  Contents out;
  for (const auto& [folder, lines] : contents) {
    auto& here = out[folder];
    for (const std::string& line : lines) {
      here.insert(line.substr(0, line.find(' ')));
    }
  }
  return out;
}

std::string difference(const Contents& expected, const Contents& found) {
  constexpr std::size_t kShown = 12;
  std::vector<std::string> lines;
  const auto compare = [&](const Contents& one, const Contents& other, const std::string& mark) {
    for (const auto& [folder, messages] : one) {
      const auto there = other.find(folder);
      if (there == other.end()) {
        lines.push_back(mark + "folder '" + folder + "'");
        continue;
      }
      std::vector<std::string> only;
      std::set_difference(messages.begin(), messages.end(), there->second.begin(),
                          there->second.end(), std::back_inserter(only));
      for (const std::string& line : only) {
        lines.push_back(mark + "'" + folder + "' " + line);
      }
    }
  };
  compare(expected, found, "missing: ");
  compare(found, expected, "too many: ");
  std::string out;
  for (std::size_t i = 0; i < lines.size() && i < kShown; ++i) {
    out += lines[i] + "\n";
  }
  return lines.size() > kShown ? out + "and " + std::to_string(lines.size() - kShown) + " more\n"
                               : out;
}

}  // namespace mailpipe::test
