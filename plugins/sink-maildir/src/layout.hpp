#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mailpipe::maildir {

enum class Layout : std::uint8_t { Verbatim, MaildirPlusPlus };

/// The name of one folder for one component of a mailbox's path: modified UTF-7, as mbsync 1.4
/// writes it, and %XX for what must not be there: a leading dot, `/`, `cur`, `new`, `tmp`, octets
/// that are no UTF-8, nothing at all ("%00"); maildir++: every dot. A percent sign is encoded where
/// it could be read as one of these. Injective and ASCII; longer than `limit` octets it is cut and a
/// hash of the whole follows.
std::string encode_component(std::string_view component, Layout layout);

/// The other way; a name that nobody here wrote stands for itself as far as it cannot be decoded.
std::string decode_component(std::string_view name);

/// The folders, from the root down, of a mailbox. `choice` 0 is the plain name; further ones are
/// for when another mailbox has it. verbatim: one a component, as mbsync writes them with
/// `SubFolders Verbatim`; maildir++: ".A.B", and none for INBOX, which is the root.
std::vector<std::string> folders_of(const std::vector<std::string>& path, Layout layout,
                                    unsigned choice = 0);

/// The path of a mailbox as far as its folders tell.
std::vector<std::string> path_of(const std::vector<std::string>& folders, Layout layout);

}  // namespace mailpipe::maildir
