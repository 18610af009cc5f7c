#include "support/line_client.hpp"
#include "support/sample_mail.hpp"

#include <array>
#include <ctime>
#include <string>

namespace mailpipe::testing {
namespace {

// Projekte/Größe in modified UTF-7 (RFC 3501, section 5.1.3). How often each occurs among 16.
struct Mailbox {
  const char* name;
  std::size_t share;
};

constexpr std::array<Mailbox, 6> kMailboxes = {{{"INBOX", 8},
                                                {"Archive", 4},
                                                {"Sent", 1},
                                                {"Lists", 1},
                                                {"Lists/dev", 1},
                                                {"Projekte/Gr&APYA3w-e", 1}}};

std::size_t mailbox_of(std::size_t index) {
  std::size_t left = index % 16;
  std::size_t mailbox = 0;
  while (left >= kMailboxes[mailbox].share) {
    left -= kMailboxes[mailbox].share;
    ++mailbox;
  }
  return mailbox;
}

std::string internal_date(std::int64_t instant) {
  const std::time_t seconds = instant;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 64> text{};
  return {text.data(),
          std::strftime(text.data(), text.size(), "\"%d-%b-%Y %H:%M:%S +0000\"", &parts)};
}

/// One message of an APPEND with several (RFC 3502), as a literal that does not wait (RFC 7888).
std::string append_part(const SampleMail& mail) {
  std::string flags;
  for (const std::string& flag : mail.flags) {
    flags += (flags.empty() ? "" : " ") + flag;
  }
  return " (" + flags + ") " + internal_date(mail.received_at) + " {" +
         std::to_string(mail.message.size()) + "+}\r\n" + mail.message;
}

class Filler {
 public:
  Filler(int port, const std::string& user, const std::string& password) : imap_(port) {
    command("LOGIN " + user + " " + password);
  }

  void command(const std::string& text) {
    imap_.send("t " + text + "\r\n");
    imap_.read_until("t OK", "t ");
  }

  void make_mailboxes() {
    for (const Mailbox& mailbox : kMailboxes) {
      imap_.send("t CREATE \"" + std::string(mailbox.name) + "\"\r\n");
      imap_.read_until("t ");  // some are there already
    }
  }

  /// Collects, and sends what makes one command of a few megabytes.
  void add(std::size_t mailbox, const SampleMail& mail) {
    constexpr std::size_t kBatch = 4U << 20U;
    std::string& pending = pending_.at(mailbox);
    pending += append_part(mail);
    if (pending.size() > kBatch) {
      flush(mailbox);
    }
  }

  void flush(std::size_t mailbox) {
    std::string& pending = pending_.at(mailbox);
    if (!pending.empty()) {
      command("APPEND \"" + std::string(kMailboxes.at(mailbox).name) + "\"" + pending);
      pending.clear();
    }
  }

 private:
  LineClient imap_;
  std::array<std::string, kMailboxes.size()> pending_;
};

}  // namespace

void fill(int imap_port, const std::string& user, const std::string& password,
          const FillOptions& how) {
  Filler filler(imap_port, user, password);
  filler.make_mailboxes();
  std::size_t in_inbox = 0;
  for (std::size_t index = 0; index < how.messages; ++index) {
    const std::size_t mailbox = mailbox_of(index);
    in_inbox += mailbox == 0 ? 1 : 0;
    filler.add(mailbox, make_sample(how.seed, index));
  }
  if (how.large_octets > 0) {
    filler.add(1, make_large_sample(how.seed, how.large_octets));
  }
  for (std::size_t mailbox = 0; mailbox < kMailboxes.size(); ++mailbox) {
    filler.flush(mailbox);
  }

  std::string copied;
  for (std::size_t number = 1; number <= in_inbox; number += 25) {
    copied += (copied.empty() ? "" : ",") + std::to_string(number);
  }
  if (!copied.empty()) {
    filler.command("SELECT INBOX");
    filler.command("COPY " + copied + " Archive");
  }
  filler.command("LOGOUT");
}

}  // namespace mailpipe::testing
