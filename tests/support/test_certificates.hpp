#pragma once

#include <chrono>
#include <memory>
#include <string>

namespace mailpipe::test {

/// A certificate with its private key, both PEM, and the chain up to (without) its issuer's root.
struct Certificate {
  std::string pem;
  std::string key_pem;
};

/// A certificate authority that lives for one test: makes the leaves that a good and a bad server show.
///
/// Threads    One at a time.
/// Errors     Throws std::runtime_error with GnuTLS's text.
class TestAuthority {
 public:
  TestAuthority();
  ~TestAuthority();
  TestAuthority(const TestAuthority&) = delete;
  TestAuthority& operator=(const TestAuthority&) = delete;

  /// The authority's own certificate: what `ca_file` should hold.
  const std::string& root_pem() const noexcept { return root_pem_; }

  /// A leaf for `dns_name` (and 127.0.0.1 when it is "localhost"), valid from an hour ago for `lifetime`; a negative
  /// lifetime makes one that has expired.
  Certificate leaf(const std::string& dns_name,
                   std::chrono::hours lifetime = std::chrono::hours(24));

  /// A leaf that nobody but itself has signed.
  static Certificate self_signed(const std::string& dns_name);

 private:
  struct Keys;
  std::unique_ptr<Keys> keys_;
  std::string root_pem_;
};

}  // namespace mailpipe::test
