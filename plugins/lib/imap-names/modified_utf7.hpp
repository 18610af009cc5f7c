#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mailpipe {

/// A mailbox name as IMAP writes it (modified UTF-7, RFC 3501 section 5.1.3) in UTF-8; nothing when
/// it is malformed. Strict, so that encode_utf7() gives the same octets back: no octet beyond ASCII
/// or control, no shift for what stands for itself, none left open, no bit set behind the last
/// character, no half of a surrogate pair.
std::optional<std::string> decode_utf7(std::string_view name);

/// The other way. An octet that is no UTF-8 becomes U+FFFD; controls are shifted.
std::string encode_utf7(std::string_view utf8);

}  // namespace mailpipe
