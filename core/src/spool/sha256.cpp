#include "sha256.hpp"

#include <mailpipe/error.hpp>

#include <gnutls/crypto.h>

namespace mailpipe::spool {

void Sha256::Free::operator()(void* handle) const noexcept {
  gnutls_hash_deinit(static_cast<gnutls_hash_hd_t>(handle), nullptr);
}

Sha256::Sha256() {
  gnutls_hash_hd_t handle = nullptr;
  if (gnutls_hash_init(&handle, GNUTLS_DIG_SHA256) != 0 || handle == nullptr) {
    throw Error(ErrorClass::Internal, "the TLS library offers no SHA-256");
  }
  handle_.reset(handle);
}

void Sha256::update(std::string_view octets) {
  gnutls_hash(static_cast<gnutls_hash_hd_t>(handle_.get()), octets.data(), octets.size());
}

Digest Sha256::finish() {
  Digest digest{};
  gnutls_hash_output(static_cast<gnutls_hash_hd_t>(handle_.get()), digest.data());
  return digest;
}

Digest sha256(std::string_view octets) {
  Sha256 hash;
  hash.update(octets);
  return hash.finish();
}

std::string to_hex(const Digest& digest) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  out.reserve(2 * digest.size());
  for (const std::uint8_t octet : digest) {
    out += kDigits[octet >> 4U];
    out += kDigits[octet & 0xFU];
  }
  return out;
}

}  // namespace mailpipe::spool
