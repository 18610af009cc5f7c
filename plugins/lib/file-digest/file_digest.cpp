#include "file_digest.hpp"

#include "sha256.hpp"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#include <cstddef>
#include <string>
#include <vector>

namespace mailpipe {
namespace {

void check(int code) {
  if (code < 0) {
    throw Error(ErrorClass::Permanent,
                std::string("cannot compute SHA-256: ") + gnutls_strerror(code));
  }
}

}  // namespace

Sha256::Sha256() {
  check(gnutls_hash_init(&handle_, GNUTLS_DIG_SHA256));
}

Sha256::~Sha256() {
  gnutls_hash_deinit(handle_, nullptr);
}

void Sha256::add(std::string_view octets) {
  check(gnutls_hash(handle_, octets.data(), octets.size()));
}

Digest Sha256::take() {
  Digest digest{};
  gnutls_hash_output(handle_, digest.data());
  return digest;
}

Digest digest_of(std::string_view text) {
  Sha256 hash;
  hash.add(text);
  return hash.take();
}

FileDigest digest_of(Fs& fs, const File& file) {
  Sha256 hash;
  FileDigest out;
  for_each_chunk(fs, file, [&](std::string_view octets) {
    hash.add(octets);
    out.size += octets.size();
  });
  out.digest = hash.take();
  return out;
}

void for_each_chunk(Fs& fs, const File& file, const std::function<void(std::string_view)>& sink) {
  std::vector<char> buffer(std::size_t{128} * 1024);
  for (std::uint64_t at = 0;;) {
    const std::int64_t n = fs.pread(file.fd(), buffer.data(), buffer.size(), at);
    if (n < 0) {
      throw_errno(static_cast<int>(n), "cannot read", file.path());
    }
    if (n == 0) {
      return;
    }
    sink({buffer.data(), static_cast<std::size_t>(n)});
    at += static_cast<std::uint64_t>(n);
  }
}

}  // namespace mailpipe
