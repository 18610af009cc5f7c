// What readers of our own make of accounts and sinks. See across_fixture.hpp.
#include "file_digest.hpp"
#include "pipeline/across_fixture.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <regex>
#include <sstream>
#include <stdexcept>

namespace mailpipe::test {

namespace fs = std::filesystem;

namespace {

std::string text_of(const fs::path& path) {
  std::ostringstream out;
  out << std::ifstream(path, std::ios::binary).rdbuf();
  return out.str();
}

/// In UTF-8, with one name for the Inbox, which JMAP calls so.
std::string mailbox_name(const std::string& folder) {
  const std::string name = MailboxName::raw(folder).utf8();
  return name == "Inbox" ? "INBOX" : name;
}

std::string unchanged(const std::string& octets) {
  return octets;
}

Contents read_eml(const fs::path& root) {
  Contents out;
  for (const auto& entry : fs::directory_iterator(root)) {
    if (entry.path().extension() == ".eml") {
      out[""].insert(sha256_of_file(entry.path()));
    }
  }
  return out;
}

Contents read_maildir(const fs::path& root) {
  Contents out;
  for (const auto& [folder, files] : read_maildirs(root)) {
    for (const MailFile& one : files) {
      out[mailbox_name(folder)].insert(one.sha256);
    }
  }
  return out;
}

[[maybe_unused]] Contents read_mboxes(const fs::path& root) {
  Contents out;
  for (const auto& [mailbox, box] : mbox_files(root)) {
    for (const std::string& message : read_mbox(box)) {
      out[mailbox].insert(sha256_of(message));
    }
  }
  return out;
}

/// "From " at the start of a line, behind any number of '>'; where the word stands, or nothing.
bool is_from(std::string_view line, std::size_t quotes) {
  return line.substr(quotes, 5) == "From ";
}

std::string octets_in(const std::string& response) {
  const std::size_t body = response.find("BODY[] {");
  if (body == std::string::npos) {
    throw std::runtime_error("no body: " + response.substr(0, 200));
  }
  return response.substr(response.find("\r\n", body) + 2, std::stoul(response.substr(body + 8)));
}

}  // namespace

const std::vector<SinkKind>& sink_kinds() {
  static const std::vector<SinkKind> kinds = {
      {"eml", false, read_eml, unchanged},
      {"maildir", true, read_maildir, unchanged},
#ifdef MAILPIPE_HAS_MBOX
      {"mbox", true, read_mboxes, as_in_mbox},
#endif
  };
  return kinds;
}

const SinkKind& sink_kind(const std::string& type) {
  return *std::find_if(sink_kinds().begin(), sink_kinds().end(),
                       [&](const SinkKind& one) { return one.type == type; });
}

void PrintTo(const SinkKind& kind, std::ostream* out) {
  *out << kind.type;
}

Account account_of(ImapAccount& account, const std::string& identity) {
  Account out;
  for (const std::string& name : account.list()) {
    const auto messages = account.messages(name);  // and the mailbox is selected
    if (messages.empty()) {
      continue;
    }
    std::vector<Held>& here = out[mailbox_name(MailboxName(name).octets())];
    for (const std::string& one : account.command("UID FETCH 1:* (" + identity + " BODY.PEEK[])")) {
      if (one.find(" FETCH (") != std::string::npos) {
        const std::size_t at = one.find(identity + " ") + identity.size() + 1;
        here.push_back({octets_in(one), messages.at(here.size()).received_at,
                        one.substr(at, one.find_first_of(") ", at) - at)});
      }
    }
  }
  return out;
}

std::string sha256_of(const std::string& octets) {
  std::string out;
  for (const unsigned char byte : digest_of(octets)) {
    constexpr const char* kDigits = "0123456789abcdef";
    out += kDigits[byte >> 4U];
    out += kDigits[byte & 15U];
  }
  return out;
}

Contents contents_for(const SinkKind& kind, const Account& account) {
  Contents out;
  std::set<std::string> seen;
  for (const auto& [mailbox, messages] : account) {
    for (const Held& one : messages) {
      if (kind.folders || seen.insert(one.identity).second) {
        out[mailbox].insert(sha256_of(kind.as_kept(one.octets)));
      }
    }
  }
  return kind.folders ? out : in_one(out);
}

std::string as_in_mbox(const std::string& octets) {
  bool raw = false;
  std::string text;
  text.reserve(octets.size() + 1);
  for (std::size_t i = 0; i < octets.size(); ++i) {
    raw = raw || (octets[i] == '\n' && (i == 0 || octets[i - 1] != '\r'));
    if (octets[i] != '\r' || i + 1 == octets.size() || octets[i + 1] != '\n') {
      text += octets[i];
    }
  }
  text = raw ? octets : text;
  return text.ends_with('\n') ? text : text + "\n";
}

std::vector<std::string> read_mbox(const fs::path& file) {
  const std::string text = text_of(file);
  std::vector<std::string> out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size() - 1) + 1;
    const std::string_view line = std::string_view(text).substr(at, end - at);
    const std::size_t quotes = std::min(line.find_first_not_of('>'), line.size());
    if (quotes == 0 && is_from(line, 0)) {
      out.emplace_back();
    } else if (out.empty()) {
      throw std::runtime_error(file.string() + " does not begin with a postmark");
    } else {
      out.back() += line.substr(quotes > 0 && is_from(line, quotes) ? 1 : 0);
    }
    at = end;
  }
  for (std::string& message : out) {
    if (!message.ends_with('\n')) {
      throw std::runtime_error(file.string() + ": no empty line behind a message");
    }
    message.pop_back();
  }
  return out;
}

std::map<std::string, fs::path> mbox_files(const fs::path& root) {
  static const std::regex kSbd("\\.sbd/");
  std::map<std::string, fs::path> out;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    const std::string path = entry.path().lexically_relative(root).string();
    if (entry.is_regular_file() && !path.starts_with('.')) {
      out[mailbox_name(std::regex_replace(path, kSbd, "/"))] = entry.path();
    }
  }
  return out;
}

Contents in_one(const Contents& contents) {
  Contents out;
  for (const auto& [folder, digests] : contents) {
    out[""].insert(digests.begin(), digests.end());
  }
  return out;
}

Contents each_once(const Contents& contents) {
  Contents out;
  for (const auto& [folder, digests] : contents) {
    const std::set<std::string> different(digests.begin(), digests.end());
    out[folder] = {different.begin(), different.end()};
  }
  return out;
}

std::map<std::string, std::string> snapshot(const fs::path& root) {
  std::map<std::string, std::string> out;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    struct stat status {};

    ::lstat(entry.path().c_str(), &status);
    if (!S_ISDIR(status.st_mode)) {
      out[entry.path().string()] =
          std::to_string(status.st_ino) + " " + std::to_string(status.st_size) + " " +
          std::to_string(status.st_mtim.tv_sec) + "." + std::to_string(status.st_mtim.tv_nsec);
    }
  }
  return out;
}

}  // namespace mailpipe::test
