#pragma once

#include <mailpipe/file.hpp>
#include <mailpipe/item.hpp>

#include <cstdint>
#include <functional>
#include <string_view>

namespace mailpipe {

/// SHA-256 of a text.
Digest digest_of(std::string_view text);

/// What lies in a file.
struct FileDigest {
  std::uint64_t size = 0;
  Digest digest{};

  friend bool operator==(const FileDigest&, const FileDigest&) = default;
};

/// Reads an open file from its start to its end; flat memory. Throws as throw_errno does.
FileDigest digest_of(Fs& fs, const File& file);

/// Hands over the octets of an open file in order; flat memory. Throws as throw_errno does.
void for_each_chunk(Fs& fs, const File& file, const std::function<void(std::string_view)>& sink);

}  // namespace mailpipe
