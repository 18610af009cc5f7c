#pragma once

#include <string>
#include <vector>

namespace mailpipe::imap {

/// IMAP flags as keywords (RFC 8621 section 4.1.1): "\Seen" is "$seen", others in lower case as they are. "\Recent" says
/// something about sessions, and "\*" and unknown system flags nothing about the message: they are left out. Sorted, each
/// once.
std::vector<std::string> keywords_of(const std::vector<std::string>& flags);

}  // namespace mailpipe::imap
