#pragma once

#include <cstdint>
#include <string_view>

namespace mailpipe::imap {

/// What a mail provider is known to allow; zeros: nothing known.
struct Provider {
  std::string_view domain;  ///< the host is this or ends in "." and this
  unsigned connections = 0;
  std::uint64_t bytes_per_day = 0;
  std::uint64_t view_limit = 0;  ///< messages of a mailbox that it shows over IMAP
};

/// For any other host all zeros.
Provider provider_of(std::string_view host);

}  // namespace mailpipe::imap
