#pragma once

#include <mailpipe/template.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace mailpipe::rename {

/// One line for people: controls are spaces, runs of spaces are one, what turns the direction or is invisible is left
/// out, no space at either end.
std::string one_line(std::string_view text);

/// words or slug, lower or upper, then the widths; a space at the end of what was cut is left out. Cuts between
/// characters (code points); octets that are no UTF-8 count one each and stay as they are.
std::string formatted(std::string text, const TextFormat& format);

/// The first `count` characters.
std::string_view first_characters(std::string_view text, std::size_t count);

}  // namespace mailpipe::rename
