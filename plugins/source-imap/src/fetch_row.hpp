#pragma once

#include "response.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mailpipe::imap {

class EtpanAdapter;

/// One FETCH response, and the bodies that lay in it as quoted strings; those in literals have been given away.
struct FetchRow {
  FetchData data;
  std::vector<std::string> bodies;
};

/// Reads "* 12 FETCH (...)". What was not asked for (ENVELOPE, BODYSTRUCTURE, items unknown) is passed over. Throws Error (Item).
FetchRow read_fetch_row(std::string_view text, EtpanAdapter& parser);

/// If the literal that comes after this beginning of a FETCH response is a body or a section of one: the message's UID, or 0 where
/// the server has not told it yet.
std::optional<std::uint32_t> pending_body(std::string_view beginning) noexcept;

}  // namespace mailpipe::imap
