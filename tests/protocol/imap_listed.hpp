#pragma once

#include "imap_source_fixture.hpp"

#include <set>
#include <utility>

namespace mailpipe::imap {

inline constexpr const char* kEverything =
    "LITERAL+ ID ENABLE NAMESPACE CONDSTORE QRESYNC ESEARCH LIST-EXTENDED LIST-STATUS SPECIAL-USE "
    "OBJECTID AUTH=PLAIN SASL-IR";
inline constexpr const char* kNoQresync =
    "LITERAL+ ID ENABLE NAMESPACE CONDSTORE ESEARCH LIST-EXTENDED LIST-STATUS SPECIAL-USE";
inline constexpr const char* kNoCondstore =
    "ID NAMESPACE LIST-EXTENDED LIST-STATUS SPECIAL-USE ESEARCH";
inline constexpr const char* kNothing = "LITERAL+";

/// Whether each is one that changes nothing.
inline void expect_harmless(const test::ModelImapServer& server) {
  static const std::set<std::string> kAllowed = {
      "CAPABILITY", "LOGIN",  "AUTHENTICATE", "ID",     "ENABLE",    "NAMESPACE",  "LIST",
      "LSUB",       "STATUS", "EXAMINE",      "LOGOUT", "UID FETCH", "UID SEARCH", "NOOP"};
  for (const std::string& command : server.commands()) {
    std::string verb = command.substr(0, command.find(' '));
    if (verb == "UID") {
      verb = command.substr(0, command.find(' ', 4));
    }
    EXPECT_TRUE(kAllowed.contains(verb)) << command;
    EXPECT_EQ(command.find("BODY["), std::string::npos) << command;
  }
}

/// An account with a few messages in two mailboxes, listed once.
class Listed {
 public:
  explicit Listed(const char* capabilities, nlohmann::json more = nlohmann::json::object())
      : server({.capabilities = capabilities}),
        source(server.port(), std::move(more)) {
    server.create("Work");
    server.append("INBOX", 5);
    server.append("Work", 3, "\\Seen");
    told = source.list();
    server.forget_commands();
  }

  ~Listed() { expect_harmless(server); }

  Listed(const Listed&) = delete;
  Listed& operator=(const Listed&) = delete;

  /// The next run: what it tells.
  Strings next() {
    told = source.list(told);
    return told.lines();
  }

  test::ModelImapServer server;
  TestSource source;
  Told told;
};

}  // namespace mailpipe::imap
