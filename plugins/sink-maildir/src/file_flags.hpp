#pragma once

#include <string>
#include <string_view>

namespace mailpipe::maildir {

/// The name of a file in cur/ or new/: `<base>:2,<flags>`. The base is the message's identity;
/// readers change the rest.
struct FileName {
  std::string_view base;
  std::string_view flags;  ///< letters, as they stand
  std::string_view rest;   ///< whatever another program wrote behind the letters, from a comma on
  bool has_info = false;
};

FileName parse_name(std::string_view name);

/// `base` with its letters in order, each once.
std::string name_with(std::string_view base, std::string letters, std::string_view rest = {});

/// The letter of a keyword that Maildir knows itself ("$seen": S), or 0. ASCII case does not count.
char system_letter(std::string_view keyword);

/// A keyword that no file ever shows: "$recent".
bool is_never_stored(std::string_view keyword);

bool equal_but_for_case(std::string_view a, std::string_view b);

}  // namespace mailpipe::maildir
