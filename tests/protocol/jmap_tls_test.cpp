#include "jmap_http_fixture.hpp"
#include "support/test_certificates.hpp"

namespace mailpipe::jmap {
namespace {

using test::Reply;
using test::ScriptedHttpServer;
using test::TestAuthority;

HttpSettings trusting(const TemporaryFile& ca) {
  HttpSettings settings;
  settings.ca_file = ca.path();
  return settings;
}

TEST(JmapTls, TalksToAServerWithACertificateOfTheGivenAuthority) {
  TestAuthority authority;
  const TemporaryFile ca(authority.root_pem());
  ScriptedHttpServer server(authority.leaf("localhost"));
  server.on("/", {Reply::json("{}")});
  TestClient client(server, trusting(ca), "localhost");
  EXPECT_EQ(client.get().body, "{}");
}

/// Shows one bad certificate; nothing but the handshake may happen.
void expect_refused(const test::Certificate& certificate, const TestAuthority& authority,
                    const std::string& trouble) {
  const TemporaryFile ca(authority.root_pem());
  ScriptedHttpServer server(certificate);
  server.on("/", {Reply::json("{}")});
  TestClient client(server, trusting(ca), "localhost");
  const Error error = client.failure();
  EXPECT_EQ(error.error_class(), ErrorClass::Permanent);
  EXPECT_NE(std::string(error.what()).find(trouble), std::string::npos) << error.what();
  EXPECT_FALSE(error.hint().empty());
  EXPECT_EQ(server.requests(), 0U);
}

TEST(JmapTls, RefusesAnExpiredCertificate) {
  TestAuthority authority;
  expect_refused(authority.leaf("localhost", std::chrono::hours(-2)), authority, "has expired");
}

TEST(JmapTls, RefusesACertificateForAnotherName) {
  TestAuthority authority;
  expect_refused(authority.leaf("mail.example.org"), authority, "another name");
}

TEST(JmapTls, RefusesASelfSignedCertificate) {
  TestAuthority authority;
  expect_refused(TestAuthority::self_signed("localhost"), authority, "signed by itself");
}

TEST(JmapTls, RefusesACertificateOfAnUnknownAuthority) {
  TestAuthority authority;
  TestAuthority other;
  expect_refused(other.leaf("localhost"), authority, "unknown authority");
}

TEST(JmapTls, NamesAMissingCaFile) {
  TestAuthority authority;
  ScriptedHttpServer server(authority.leaf("localhost"));
  HttpSettings settings;
  settings.ca_file = "/nonexistent/ca.pem";
  TestClient client(server, settings, "localhost");
  EXPECT_EQ(client.failure().error_class(), ErrorClass::Config);
}

}  // namespace
}  // namespace mailpipe::jmap
