#pragma once

#include "etpan_adapter.hpp"
#include "fetch_row.hpp"
#include "response.hpp"

#include <set>
#include <string>
#include <string_view>
#include <variant>

namespace mailpipe::imap {

struct Tagged {
  std::string tag;
  Completion result;
};

struct Continuation {
  std::string text;
};

struct Bye {
  std::string text;  ///< with its code
};

struct Preauth {
  Completion said;
};

/// CAPABILITY, or ENABLED.
struct Offered {
  std::set<std::string> words;  ///< upper case
  bool enabled = false;
};

/// Nothing that matters here: RECENT, FLAGS, or what nobody knows.
struct Other {
  std::string word;
  bool known = false;
};

using Parsed = std::variant<Tagged, Continuation, Bye, Preauth, Offered, Other, FetchRow, Untagged>;

std::set<std::string> read_words(std::string_view text);

/// Reads complete responses.
///
/// Threads  One at a time.
/// Errors   Throws Error (Item) for what cannot be read.
class ResponseParser {
 public:
  /// `listed`: UIDs that were taken out of the text (see LongList).
  Parsed parse(std::string_view text, UidSet listed = {});

 private:
  Parsed parse_untagged(std::string_view text, UidSet listed);
  Parsed parse_numbered(std::string_view text);
  Untagged parse_list(std::string_view text);
  Untagged parse_id(std::string_view text);

  EtpanAdapter etpan_;
};

}  // namespace mailpipe::imap
