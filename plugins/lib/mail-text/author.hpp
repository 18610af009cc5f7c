#pragma once

#include <string>
#include <string_view>

namespace mailpipe {

/// Who wrote a message.
struct Author {
  std::string name;     ///< as decode_header_text() gives it, or empty
  std::string address;  ///< ann@example.org, or empty

  friend bool operator==(const Author&, const Author&) = default;
};

/// The first mailbox of a From field (RFC 5322 section 3.4), also inside of a group. What is no address list at all
/// becomes the name.
Author read_author(std::string_view raw);

}  // namespace mailpipe
