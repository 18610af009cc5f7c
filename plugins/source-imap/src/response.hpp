#pragma once

#include "uid_set.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

// What a server says (RFC 3501 section 7, RFC 9051), checked: numbers fit, sets are sorted, nothing is nested beyond the
// caps. Names and texts are the server's octets; they reach people only through printable().
namespace mailpipe::imap {

/// A response code in brackets: "UIDVALIDITY" "1669...". The name is in upper case.
struct Code {
  std::string name, argument;
};

/// What a command came to.
struct Completion {
  enum class Status : std::uint8_t { Ok, No, Bad } status = Status::Ok;
  Code code;
  std::string text;

  bool ok() const noexcept { return status == Status::Ok; }
};

/// Untagged OK, NO, BAD: a code that belongs to a command, or a word to people. BYE and PREAUTH are the session's.
struct Notice {
  Completion::Status status = Completion::Status::Ok;
  Code code;
  std::string text;
};

/// One FETCH response, without its body.
struct FetchData {
  std::uint32_t uid = 0;  ///< 0: the server did not say
  std::optional<std::vector<std::string>> flags;
  std::optional<std::uint64_t> size;
  std::optional<std::chrono::sys_seconds> internal_date;
  std::uint64_t modseq = 0;
  std::string email_id;  ///< EMAILID (RFC 8474), or empty
  std::string guid;      ///< X-GUID (Dovecot), or empty
  std::string gm_msgid;  ///< X-GM-MSGID (Gmail), or empty
  std::optional<std::vector<std::string>> gm_labels;
  bool had_body = false;  ///< a body or header section came with it and was given to Answer::body()
};

struct ListEntry {
  std::string name;                     ///< raw octets as sent, e.g. in modified UTF-7
  std::optional<char> separator;        ///< none: a flat name
  std::vector<std::string> attributes;  ///< lower case, with the backslash: "\noselect", "\sent"
};

struct StatusData {
  std::string name;  ///< raw octets; quotes and literals undone
  std::optional<std::uint32_t> uid_validity, uid_next;
  std::optional<std::uint64_t> messages, highest_modseq;
  std::string mailbox_id;  ///< MAILBOXID (RFC 8474), or empty
};

/// SEARCH or ESEARCH (RFC 4731).
struct SearchData {
  UidSet uids;
  std::optional<std::uint64_t> modseq;
};

/// VANISHED (RFC 7162 section 3.2.10).
struct VanishedData {
  bool earlier = false;
  UidSet uids;
};

struct ExistsData {
  std::uint32_t messages = 0;
};

/// EXPUNGE: by sequence number, which this source never uses; something is gone.
struct ExpungeData {
  std::uint32_t number = 0;
};

struct NamespaceData {
  struct Entry {
    std::string prefix;
    std::optional<char> separator;
  };

  std::vector<Entry> personal, others, shared;
};

struct IdData {
  std::vector<std::pair<std::string, std::string>> fields;  ///< names in lower case
};

using Untagged = std::variant<Notice, FetchData, ListEntry, StatusData, SearchData, VanishedData,
                              ExistsData, ExpungeData, NamespaceData, IdData>;

}  // namespace mailpipe::imap
