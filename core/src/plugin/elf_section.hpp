#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace mailpipe::plugin {

/// An ELF file as octets at offsets, wherever they lie.
struct Image {
  std::uint64_t size = 0;
  /// Copies exactly `count` octets from `offset` to `out`; false if they cannot be read. Called
  /// only for ranges within `size`.
  std::function<bool(std::uint64_t offset, char* out, std::size_t count)> read;
};

Image image_of(std::string_view octets);

/// An open file. The descriptor is borrowed.
Image image_of(int fd, std::uint64_t size);

/// The octets of the section of that name in a shared library of this machine's kind. Runs and
/// maps nothing, and trusts nothing that the file says: cost and memory are bounded.
/// Errors  Refused: not a shared library for this machine, truncated, or without such a section.
std::string read_section(const Image& image, std::string_view name);

}  // namespace mailpipe::plugin
