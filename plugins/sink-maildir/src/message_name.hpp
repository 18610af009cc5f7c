#pragma once

#include "file_digest.hpp"

#include <mailpipe/item.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace mailpipe::maildir {

/// The part of a file's name that stays: `<seconds of arrival>.<hash>.mailpipe,S=<size>`. The hash
/// is of key and octets: two identical deliveries have two names, the same message has the same in
/// every run. `n` counts from 1, for when the name is taken. ASCII, less than 100 octets.
std::string base_name(const Item& item, const FileDigest& content, unsigned n);

/// Whether base_name() may have made it.
bool is_our_name(std::string_view base);

/// The time in a name of ours; nothing where the server told none.
std::optional<std::chrono::sys_seconds> time_in(std::string_view base);

}  // namespace mailpipe::maildir
