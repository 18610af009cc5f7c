#pragma once

#include "response.hpp"

#include <string_view>

namespace mailpipe::imap {

/// What follows OK, NO, BAD, BYE or PREAUTH: a response code in brackets and a text, each of which may be missing (servers
/// omit the text although RFC 9051 wants one). The status is left Ok. What looks like a code and is none is text.
Completion read_code(std::string_view text);

/// Throws Error (Item) where UIDVALIDITY, UIDNEXT or HIGHESTMODSEQ is no number or does not fit.
void check_code(const Code& code);

}  // namespace mailpipe::imap
