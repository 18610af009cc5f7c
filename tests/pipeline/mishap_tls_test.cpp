#include "pipeline/mishap_fixture.hpp"

namespace mailpipe::test {
namespace {

/// Certificates that must not be trusted.
class MishapTls : public MishapRun {
 protected:
  Finished run_with(const Certificate& certificate) {
    start(3, certificate);
    session_url_ = jmap_->http().url("/jmap/session", "localhost");
    std::ofstream(dir_ / "ca.pem") << authority_.root_pem();
    return run({.source = "ca_file: ./ca.pem"});
  }

  void expect_refused(const Certificate& certificate, const std::string& why,
                      const std::string& hint) {
    expect_end(run_with(certificate), 1, {"the server's certificate " + why, hint});
    EXPECT_EQ(jmap_->http().requests(), 0U) << "the token was not sent";
  }

  TestAuthority authority_;
};

TEST_F(MishapTls, AGoodCertificateWillDo) {
  expect_end(run_with(authority_.leaf("localhost")), 0, {});
  expect_whole();
}

TEST_F(MishapTls, AnExpiredOneIsExit1) {
  expect_refused(authority_.leaf("localhost", std::chrono::hours(-2)), "has expired",
                 "this machine's clock");
}

TEST_F(MishapTls, OneForAnotherNameIsExit1) {
  expect_refused(authority_.leaf("mail.example.org"), "is for another name",
                 "the name that the certificate is for");
}

TEST_F(MishapTls, ASelfSignedOneIsExit1) {
  expect_refused(TestAuthority::self_signed("localhost"), "is signed by itself", "ca_file");
}

TEST_F(MishapTls, OneOfAnUnknownAuthorityIsExit1) {
  TestAuthority other;
  expect_refused(other.leaf("localhost"), "is signed by an unknown authority", "ca_file");
}

}  // namespace
}  // namespace mailpipe::test
