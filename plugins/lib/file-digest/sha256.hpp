#pragma once

#include <mailpipe/item.hpp>

#include <string_view>

struct hash_hd_st;  // gnutls'

namespace mailpipe {

/// One SHA-256 on its way. Throws Permanent if it cannot be computed.
class Sha256 {
 public:
  Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  ~Sha256();

  void add(std::string_view octets);

  /// Of everything so far; begins anew.
  Digest take();

 private:
  hash_hd_st* handle_ = nullptr;
};

}  // namespace mailpipe
