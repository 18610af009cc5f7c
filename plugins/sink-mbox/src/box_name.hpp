#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mailpipe::mbox {

/// The file of a mailbox, relative to the root, as Thunderbird lays its folders out: {"Lists", "mutt"}
/// is "Lists.sbd/mutt", beside the file "Lists". Each component goes through the encoder of
/// file_name.hpp; beyond that "%65mpty" is the empty one, and the dot of an ending that means something
/// here (.sbd, .lock, .msf) is written %2E. INBOX is that in whatever case (RFC 3501 section 5.1).
/// A component that is too long is cut, and "~" and a hash follow.
std::string box_name(const std::vector<std::string>& mailbox);

/// The way back, but for what was cut.
std::vector<std::string> mailbox_of(std::string_view box);

/// Whether the text can be the name of a box beneath the root, and leads nowhere else.
bool is_box_name(std::string_view text);

/// Whether a file of that name, without folders, can be a box.
bool is_box_file(std::string_view name);

}  // namespace mailpipe::mbox
