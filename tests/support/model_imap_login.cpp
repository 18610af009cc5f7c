// Logging in to the model server.
#include "support/model_imap_session.hpp"

namespace mailpipe::test {

void ModelImapSession::start_tls() {
  if (!offers("STARTTLS") || encrypted_) {
    throw Refused{"BAD no STARTTLS here"};
  }
  put(tag_ + " OK begin\r\n");
  encrypted_ = true;
  if (!wire_.start_tls(*server_.options_.certificate)) {
    throw Ended{};
  }
}

void ModelImapSession::login(ImapWords& words) {
  if (offers("LOGINDISABLED") && !encrypted_) {
    throw Refused{"NO [PRIVACYREQUIRED] not in plain"};
  }
  words.next();
  if (words.next() != server_.options_.password) {
    throw Refused{"NO [AUTHENTICATIONFAILED] wrong"};
  }
  authenticated_ = true;
  put(tag_ + " OK [CAPABILITY " + capabilities() + "] in\r\n");
}

void ModelImapSession::authenticate(ImapWords& words) {
  const std::string mechanism = upper(words.next());
  need("AUTH=" + mechanism);
  std::string initial = words.next();
  if (initial.empty()) {
    put("+ \r\n");
    initial = wire_.read_line().value_or("*");
  } else {
    need("SASL-IR");
  }
  const std::string said = base64_decoded(initial);
  bool right = false;
  if (mechanism == "PLAIN") {
    right = said.ends_with(std::string(1, '\0') + server_.options_.password);
  } else {
    const std::lock_guard lock(server_.mutex_);
    for (const std::string& token : server_.options_.tokens) {
      right = right || said.find("auth=Bearer " + token + "\x01") != std::string::npos;
    }
  }
  if (!right && mechanism != "PLAIN") {
    put("+ eyJzdGF0dXMiOiI0MDEifQ==\r\n");  // {"status":"401"}
    wire_.read_line();
  }
  if (!right) {
    throw Refused{"NO [AUTHENTICATIONFAILED] wrong"};
  }
  authenticated_ = true;
  put(tag_ + " OK [CAPABILITY " + capabilities() + "] in\r\n");
}

}  // namespace mailpipe::test
