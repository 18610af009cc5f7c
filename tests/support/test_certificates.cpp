#include "support/test_certificates.hpp"

#include <mailpipe/c_ptr.hpp>

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include <algorithm>
#include <ctime>
#include <stdexcept>
#include <type_traits>

namespace mailpipe::test {

namespace {

using CertificatePtr = CPtr<std::remove_pointer_t<gnutls_x509_crt_t>, gnutls_x509_crt_deinit>;
using PrivateKey = CPtr<std::remove_pointer_t<gnutls_x509_privkey_t>, gnutls_x509_privkey_deinit>;

void check(int code) {
  if (code < 0) {
    throw std::runtime_error(std::string("GnuTLS: ") + gnutls_strerror(code));
  }
}

PrivateKey make_key() {
  gnutls_x509_privkey_t raw = nullptr;
  check(gnutls_x509_privkey_init(&raw));
  PrivateKey key(raw);
  check(gnutls_x509_privkey_generate(key.get(), GNUTLS_PK_EC,
                                     GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0));
  return key;
}

std::string to_pem(gnutls_x509_crt_t certificate) {
  gnutls_datum_t out{};
  check(gnutls_x509_crt_export2(certificate, GNUTLS_X509_FMT_PEM, &out));
  std::string pem(reinterpret_cast<const char*>(out.data), out.size);
  gnutls_free(out.data);
  return pem;
}

std::string to_pem(gnutls_x509_privkey_t key) {
  gnutls_datum_t out{};
  check(gnutls_x509_privkey_export2(key, GNUTLS_X509_FMT_PEM, &out));
  std::string pem(reinterpret_cast<const char*>(out.data), out.size);
  gnutls_free(out.data);
  return pem;
}

/// Everything but the signature.
CertificatePtr draft(const std::string& name, gnutls_x509_privkey_t key,
                     std::chrono::hours lifetime, bool authority) {
  gnutls_x509_crt_t raw = nullptr;
  check(gnutls_x509_crt_init(&raw));
  CertificatePtr certificate(raw);
  check(gnutls_x509_crt_set_version(raw, 3));
  static unsigned char serial = 0;
  const unsigned char number[] = {1, ++serial};
  check(gnutls_x509_crt_set_serial(raw, number, sizeof number));
  const std::time_t now = std::time(nullptr);
  const std::time_t end = now + std::chrono::seconds(lifetime).count();
  check(gnutls_x509_crt_set_activation_time(raw, std::min(now, end) - 3600));
  check(gnutls_x509_crt_set_expiration_time(raw, end));
  check(gnutls_x509_crt_set_key(raw, key));
  check(gnutls_x509_crt_set_dn_by_oid(raw, GNUTLS_OID_X520_COMMON_NAME, 0, name.data(),
                                      static_cast<unsigned>(name.size())));
  check(gnutls_x509_crt_set_basic_constraints(raw, authority ? 1 : 0, -1));
  if (authority) {
    check(gnutls_x509_crt_set_key_usage(raw, GNUTLS_KEY_KEY_CERT_SIGN));
    return certificate;
  }
  check(gnutls_x509_crt_set_subject_alt_name(raw, GNUTLS_SAN_DNSNAME, name.data(),
                                             static_cast<unsigned>(name.size()), GNUTLS_FSAN_SET));
  if (name == "localhost") {
    const unsigned char address[] = {127, 0, 0, 1};
    check(gnutls_x509_crt_set_subject_alt_name(raw, GNUTLS_SAN_IPADDRESS, address, sizeof address,
                                               GNUTLS_FSAN_APPEND));
  }
  return certificate;
}

void sign(gnutls_x509_crt_t certificate, gnutls_x509_crt_t issuer, gnutls_x509_privkey_t key) {
  check(gnutls_x509_crt_sign2(certificate, issuer, key, GNUTLS_DIG_SHA256, 0));
}

}  // namespace

struct TestAuthority::Keys {
  PrivateKey key;
  CertificatePtr root;
};

TestAuthority::TestAuthority() : keys_(std::make_unique<Keys>()) {
  keys_->key = make_key();
  keys_->root = draft("mailpipe test authority", keys_->key.get(), std::chrono::hours(48), true);
  sign(keys_->root.get(), keys_->root.get(), keys_->key.get());
  root_pem_ = to_pem(keys_->root.get());
}

TestAuthority::~TestAuthority() = default;

Certificate TestAuthority::leaf(const std::string& dns_name, std::chrono::hours lifetime) {
  const PrivateKey key = make_key();
  const CertificatePtr certificate = draft(dns_name, key.get(), lifetime, false);
  sign(certificate.get(), keys_->root.get(), keys_->key.get());
  return {to_pem(certificate.get()), to_pem(key.get())};
}

Certificate TestAuthority::self_signed(const std::string& dns_name) {
  const PrivateKey key = make_key();
  const CertificatePtr certificate = draft(dns_name, key.get(), std::chrono::hours(24), false);
  sign(certificate.get(), certificate.get(), key.get());
  return {to_pem(certificate.get()), to_pem(key.get())};
}

}  // namespace mailpipe::test
