#pragma once

#include "mboxrd.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mailpipe::mbox {

/// Where a message lies: "Lists.sbd/mutt:5120;raw;cut". The offset is that of its postmark when it was
/// staged: a hint, as others append, too.
struct Location {
  std::string box;  ///< the file, relative to the root
  std::uint64_t offset = 0;
  Ends ends;

  std::string text() const;

  friend bool operator==(const Location&, const Location&) = default;
};

/// Nothing unless the file can be one of ours.
std::optional<Location> parse_location(std::string_view text);

/// What a message of a batch is called: a part of a staging file, "mp-0123-1:4096:812".
struct Token {
  std::string stage;
  std::uint64_t offset = 0, length = 0;

  std::string text() const;

  // NOLINTNEXTLINE(modernize-use-nullptr): clang-tidy 14 takes the zero that it compares with for a pointer
  friend auto operator<=>(const Token&, const Token&) = default;
};

std::optional<Token> parse_token(std::string_view text);

}  // namespace mailpipe::mbox
