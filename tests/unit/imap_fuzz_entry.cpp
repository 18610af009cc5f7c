#include "imap_transcript.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

/// For libFuzzer: the first octet says in what pieces the rest comes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  const std::string_view octets(reinterpret_cast<const char*>(data) + 1, size - 1);
  mailpipe::imap::Transcript::of(octets, 1U + data[0]);
  return 0;
}
