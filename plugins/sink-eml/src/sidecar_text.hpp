#pragma once

#include "file_digest.hpp"

#include <mailpipe/item.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace mailpipe::eml {

/// What a sidecar's file is called, one name for each name of a message: NAME.json for NAME.eml, at most 255 octets.
std::string sidecar_name(const std::string& message);

/// The name of the message that this is the sidecar of; empty for a text that is none of ours.
std::string subject_of_sidecar(std::string_view text);

/// The sidecar of the file `message` with what `item` says put in, in place of what it said before. `old` is the sidecar
/// until now, or empty; of another content it counts for nothing. README.md has the schema.
///
/// Every octet is kept: a text that is no UTF-8 becomes {"octets": hexadecimal}. The result is ASCII, so no terminal
/// and no program minds what a server wrote.
std::string with_message(std::string_view old, const std::string& message,
                         const FileDigest& content, const Item& item);

/// The sidecar without that message; empty when no other is left.
std::string without_message(std::string_view old, const std::string& key);

/// Whether it has that message, with these keywords.
bool tells_of(std::string_view text, const std::string& key,
              const std::vector<std::string>& keywords);

}  // namespace mailpipe::eml
