#pragma once

#include <string_view>

namespace mailpipe::jmap {

/// Whether a text may be handed to the JSON parser at all: nested at most 64 deep and holding at most two million values,
/// as far as its brackets and commas tell. A page of a thousand messages has a few ten thousand; what a parser makes of a
/// small text of `[[[[...` or `0,0,0,...` takes a hundred times its size. Looks at each octet once, keeps nothing.
bool is_tame_json(std::string_view text) noexcept;

}  // namespace mailpipe::jmap
