#pragma once

#include <set>
#include <string>
#include <string_view>

namespace mailpipe::imap {

/// What a server says that it can (RFC 3501 section 6.1.1), after login; with ENABLEd extensions.
class Capabilities {
 public:
  Capabilities() = default;

  explicit Capabilities(std::set<std::string> upper_case) : words_(std::move(upper_case)) {}

  bool has(std::string_view upper_case) const { return words_.contains(std::string(upper_case)); }

  /// HIGHESTMODSEQ and CHANGEDSINCE (RFC 7162); QRESYNC implies it.
  bool condstore() const { return has("CONDSTORE") || has("QRESYNC"); }

  bool qresync() const { return has("QRESYNC"); }

  bool list_extended() const { return has("LIST-EXTENDED") || has("IMAP4REV2"); }

  bool list_status() const { return has("LIST-STATUS") || has("IMAP4REV2"); }

  bool special_use() const { return has("SPECIAL-USE") || has("IMAP4REV2"); }

  bool esearch() const { return has("ESEARCH") || has("IMAP4REV2"); }

  bool object_id() const { return has("OBJECTID"); }

  bool gmail() const { return has("X-GM-EXT-1"); }

  bool ns() const { return has("NAMESPACE") || has("IMAP4REV2"); }

  bool id() const { return has("ID"); }

  bool enable() const { return has("ENABLE") || has("IMAP4REV2"); }

  const std::set<std::string>& words() const noexcept { return words_; }

 private:
  std::set<std::string> words_;
};

}  // namespace mailpipe::imap
