#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mailpipe::imap {

/// INBOX in any case (RFC 3501 section 5.1).
bool is_inbox(std::string_view raw) noexcept;

/// The raw name by which a mailbox is compared: INBOX in one case.
std::string folded(std::string_view raw);

/// A raw name as components for people: split at the separator, out of modified UTF-7. What is no modified UTF-7 stays as
/// it is. `prefix` is that of the personal namespace ("INBOX." with Courier and Cyrus) and left out, but where the rest
/// would be INBOX.
std::vector<std::string> path_of(std::string_view raw, std::optional<char> separator,
                                 std::string_view prefix = {});

/// "Archive/2024", for people and patterns; not unique.
std::string label_of(const std::vector<std::string>& path);

/// The role (RFC 8621 section 2) that an attribute of LIST gives ("\sent", RFC 6154), or empty.
std::string role_of_attribute(std::string_view attribute);

/// The role that a name has out of habit, for servers without SPECIAL-USE; or empty.
std::string role_of_habit(const std::vector<std::string>& path);

}  // namespace mailpipe::imap
