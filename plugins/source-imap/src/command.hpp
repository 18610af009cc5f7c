#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mailpipe::imap {

/// One command without its tag: text, and arguments that the session writes as atom, quoted string or literal.
///
///   Command("EXAMINE").mailbox(raw_name).text(" (CONDSTORE)")
class Command {
 public:
  struct Part {
    enum class Kind { Text, String, Secret } kind = Kind::Text;
    std::string octets;
  };

  explicit Command(std::string_view text) {
    parts_.push_back({Part::Kind::Text, std::string(text)});
  }

  /// As it is; no CR, LF or NUL.
  Command&& text(std::string_view text) && { return std::move(*this).add(Part::Kind::Text, text); }

  /// A space and an astring (RFC 3501 section 9): any octets but NUL.
  Command&& string(std::string_view octets) && {
    return std::move(*this).add(Part::Kind::String, octets);
  }

  Command&& mailbox(std::string_view raw_name) && { return std::move(*this).string(raw_name); }

  /// As string(), never logged.
  Command&& secret(std::string_view octets) && {
    return std::move(*this).add(Part::Kind::Secret, octets);
  }

  const std::vector<Part>& parts() const noexcept { return parts_; }

 private:
  Command&& add(Part::Kind kind, std::string_view octets) && {
    parts_.push_back({kind, std::string(octets)});
    return std::move(*this);
  }

  std::vector<Part> parts_;
};

}  // namespace mailpipe::imap
