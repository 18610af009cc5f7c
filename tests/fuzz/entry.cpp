#include "fuzz/target.hpp"

#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): octets as text
  mailpipe::fuzz::run({reinterpret_cast<const char*>(data), size});
  return 0;
}
