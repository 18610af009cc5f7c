#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace mailpipe {

/// The longest name of one file, in octets, on every file system that matters.
inline constexpr std::size_t kLongestFileName = 255;

/// The one encoder through which foreign text becomes part of a file name: what would leave the
/// folder, hide the file, break a terminal or not be UTF-8 becomes %XX. Letters of every script and
/// spaces stay. A percent sign is encoded only where it could be read as one of ours, so the result
/// can be turned back.
///
/// Injective. `first`: the text begins the name, so a leading dot is encoded.
std::string encode_file_name(std::string_view text, bool first);

/// `text`, encoded and cut at a character so that it fits between `head` and `tail` (both encoded
/// already) in a name of at most `limit` octets. An escape is never cut in two.
std::string fit_file_name(std::string_view head, std::string_view text, std::string_view tail,
                          std::size_t limit = kLongestFileName);

/// What is kept of a subject in a default name: ASCII punctuation removed, then the first
/// `characters` of it, then white space at both ends removed. In Python:
/// subject.translate(str.maketrans("", "", string.punctuation))[:50].strip().
std::string plain_words(std::string_view text, std::size_t characters = 50);

}  // namespace mailpipe
