#pragma once

#include <string>
#include <vector>

namespace mailpipe::config {

/// Where a value lies below what is being checked: keys, and positions in lists as numbers.
using OptionPath = std::vector<std::string>;

/// RFC 6901: "/mailboxes/include/0".
std::string pointer_of(const OptionPath& path);

/// For messages: "mailboxes.include[0]"; a position stands behind the list's name.
std::string display_of(const OptionPath& path);

OptionPath below(OptionPath path, std::string step);

}  // namespace mailpipe::config
