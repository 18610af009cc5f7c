#pragma once

#include <mailpipe/item.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace mailpipe::spool {

/// SHA-256 of octets as they come. Move-only; one thread at a time.
class Sha256 {
 public:
  Sha256();

  void update(std::string_view octets);

  /// The digest of all so far; starts anew.
  Digest finish();

 private:
  struct Free {
    void operator()(void* handle) const noexcept;
  };

  std::unique_ptr<void, Free> handle_;
};

Digest sha256(std::string_view octets);

/// Lower-case hexadecimal.
std::string to_hex(const Digest& digest);

}  // namespace mailpipe::spool
