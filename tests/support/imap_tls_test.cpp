// The TLS of the scripted and the model server, seen by a client that checks it.
#include "support/model_imap_server.hpp"
#include "support/scripted_imap_server.hpp"

#include <mailpipe/testing/temp_dir.hpp>

#include <curl/curl.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>

namespace mailpipe::test {
namespace {

/// curl's own IMAP: logs in and says NOOP.
CURLcode log_in(const std::string& url, const TestAuthority& authority, const char* bearer) {
  const TempDir folder;
  const std::string ca_file = folder / "ca.pem";
  std::ofstream(ca_file) << authority.root_pem();
  CURL* curl = curl_easy_init();
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_CAINFO, ca_file.c_str());
  curl_easy_setopt(curl, CURLOPT_USE_SSL, CURLUSESSL_ALL);
  curl_easy_setopt(curl, CURLOPT_USERNAME, "u");
  curl_easy_setopt(curl, CURLOPT_TIMEOUT, 20L);
  if (bearer == nullptr) {
    curl_easy_setopt(curl, CURLOPT_PASSWORD, "secret");
  } else {
    curl_easy_setopt(curl, CURLOPT_XOAUTH2_BEARER, bearer);
  }
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, "NOOP");
  const CURLcode code = curl_easy_perform(curl);
  curl_easy_cleanup(curl);
  return code;
}

std::string url(const char* scheme, const WireServer& server) {
  return std::string(scheme) + "://localhost:" + std::to_string(server.port()) + "/";
}

TEST(ModelImapServer, SpeaksTlsFromTheStart) {
  TestAuthority authority;
  ModelImapServer server({.certificate = authority.leaf("localhost"), .implicit_tls = true});
  EXPECT_EQ(log_in(url("imaps", server), authority, nullptr), CURLE_OK);
  EXPECT_EQ(server.count("NOOP"), 1U);
}

TEST(ModelImapServer, TakesStartTlsAndAToken) {
  TestAuthority authority;
  for (const char* mechanism : {"AUTH=XOAUTH2", "AUTH=OAUTHBEARER"}) {
    ModelImapServer server(
        {.capabilities = std::string("STARTTLS LOGINDISABLED SASL-IR ") + mechanism,
         .certificate = authority.leaf("localhost")});
    EXPECT_EQ(log_in(url("imap", server), authority, "token"), CURLE_OK) << mechanism;
    EXPECT_EQ(log_in(url("imap", server), authority, "expired"), CURLE_LOGIN_DENIED) << mechanism;
  }
}

TEST(ModelImapServer, IsNotTrustedWithAForeignCertificate) {
  TestAuthority authority;
  ModelImapServer server(
      {.certificate = TestAuthority::self_signed("localhost"), .implicit_tls = true});
  EXPECT_EQ(log_in(url("imaps", server), authority, nullptr), CURLE_PEER_FAILED_VERIFICATION);
}

TEST(ScriptedImapServer, UpgradesToTls) {
  TestAuthority authority;
  ScriptedImapServer server({R"(
    S: * OK [CAPABILITY IMAP4rev1 STARTTLS] ready
    C: CAPABILITY
    S: * CAPABILITY IMAP4rev1 STARTTLS\r\n$tag OK done
    C: STARTTLS
    S: $tag OK begin
    ! tls
    C: CAPABILITY
    S: * CAPABILITY IMAP4rev1\r\n$tag OK done
    C: LOGIN u secret
    S: $tag OK in
    C: NOOP
    S: $tag OK done
    C: LOGOUT
  )"},
                            authority.leaf("localhost"));
  EXPECT_EQ(log_in(url("imap", server), authority, nullptr), CURLE_OK);
  EXPECT_EQ(server.problem(), "");
}

}  // namespace
}  // namespace mailpipe::test
