#pragma once

#include <mailpipe/body.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace mailpipe {

/// The header section of a message, with the empty line that ends it, or the first `limit` octets
/// of one that is longer. Reads no more of the body than that, in steps.
std::string header_section(const Body& body, std::size_t limit = std::size_t{1024} * 1024);

/// The value of the first field of that name (any case), unfolded (RFC 5322 section 2.2.3) and
/// trimmed, not decoded. Lines may end in CRLF or LF.
std::optional<std::string> find_header(std::string_view head, std::string_view name);

/// The text of an unstructured field: RFC 2047 words decoded, raw 8-bit octets taken as UTF-8 or
/// else as Latin-1, composed (NFC), NUL and line ends left out, tabs as spaces. Much as JMAP gives
/// it (RFC 8621 section 4.1.2.2). Valid UTF-8 whatever comes in.
std::string decode_header_text(std::string_view raw);

/// The decoded Subject of a message, or empty.
std::string subject_of(const Body& body);

}  // namespace mailpipe
