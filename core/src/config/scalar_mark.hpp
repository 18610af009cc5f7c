#pragma once

#include "config/diagnostic.hpp"
#include "config/mark.hpp"
#include "config/node.hpp"

#include <cstddef>

namespace mailpipe::config {

/// Where octets `offset` to `offset + length` of a scalar's text stand in the file: behind the quote, past escapes. What
/// cannot be followed (several lines, \u escapes, a text that ${{ }} changed before that place) gets the scalar's mark.
Mark mark_within(const Node& scalar, const Sources& sources, std::size_t offset,
                 std::size_t length);

}  // namespace mailpipe::config
