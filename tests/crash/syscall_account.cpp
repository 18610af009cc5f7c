#include "crash/syscall_account.hpp"

#include "support/fake_jmap.hpp"
#include "support/model_imap_server.hpp"

#include <cstddef>

namespace mailpipe::test {
namespace {

std::string mail(const std::string& name, std::size_t more = 0) {
  std::string out = "From: ann@example.org\r\nMessage-ID: <" + name +
                    "@example.org>\r\nSubject: " + name + "\r\n\r\nFrom here on it is " + name +
                    ".\r\n";
  while (more > 0) {
    const std::size_t line = more < 76 ? more : 76;
    out += std::string(line, 'x') + "\r\n";
    more -= line;
  }
  return out;
}

constexpr std::size_t kLarge = 1'100'000;  // above what is kept in memory

class ImapAccountOfThis final : public SyscallAccount {
 public:
  ImapAccountOfThis() {
    server_.create("Archive");
    server_.create("Old");
    server_.append("INBOX", mail("first"));
    server_.append("INBOX", mail("second"), "\\Seen \\Flagged");
    server_.append("INBOX", mail("third"), "todo");
    server_.append("Archive", mail("large", kLarge), "\\Seen");
    server_.append("Old", mail("old"));
  }

  std::string yaml() const override {
    return "  type: imap\n  with: { host: 127.0.0.1, port: " + std::to_string(server_.port()) +
           ", user: anna, password: { $env: SECRET }, tls: none, connections: 1 }\n";
  }

  void change() override {
    server_.set_flags("INBOX", 1, "\\Seen later");
    server_.move("INBOX", 2, "Archive");
    server_.expunge("INBOX", 3);
    server_.append("INBOX", mail("fourth"), "\\Answered");
    server_.remove("Old");
  }

 private:
  ModelImapServer server_;
};

class JmapAccountOfThis final : public SyscallAccount {
 public:
  JmapAccountOfThis() {
    server_.add_mailbox("archive", "Archive");
    server_.add({.id = "m1", .bytes = mail("first")});
    server_.add({.id = "m2",
                 .bytes = mail("second"),
                 .mailboxes = {"archive", "inbox"},
                 .keywords = {"$seen", "todo"}});
    server_.add({.id = "m3", .bytes = mail("third"), .keywords = {"$flagged"}});
    server_.add({.id = "m4", .bytes = mail("large", kLarge), .mailboxes = {"archive"}});
  }

  std::string yaml() const override {
    return "  type: jmap\n  with: { session_url: \"" + server_.session_url() +
           "\", token: { $env: SECRET } }\n";
  }

  void change() override {
    server_.touch("m1", {"$seen", "later"});
    server_.destroy("m3");
    server_.add({.id = "m5", .bytes = mail("fourth"), .mailboxes = {"archive", "inbox"}});
  }

 private:
  FakeJmap server_;
};

}  // namespace

std::unique_ptr<SyscallAccount> imap_account() {
  return std::make_unique<ImapAccountOfThis>();
}

std::unique_ptr<SyscallAccount> jmap_account() {
  return std::make_unique<JmapAccountOfThis>();
}

}  // namespace mailpipe::test
