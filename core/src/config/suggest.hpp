#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace mailpipe::config {

/// How many letters to add, drop, change or swap with their neighbour to get from one word to the other.
std::size_t edit_distance(std::string_view from, std::string_view to);

/// The candidate nearest to `word` that is at most two edits or a third of its length away; empty if there is none.
std::string suggest(std::string_view word, const std::vector<std::string>& candidates);

/// "did you mean 'x'?", or empty.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace mailpipe::config
