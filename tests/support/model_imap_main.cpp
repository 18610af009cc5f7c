// model-imap MESSAGES [OCTETS]: a ModelImapServer with that many messages in its INBOX, until standard input ends; for
// benchmarks. All have the same text; with OCTETS, each its own, of about that size. Prints its port.
#include "support/model_imap_server.hpp"

#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>

namespace {

/// scripts/lib/soak.py makes the same.
std::string own_body(std::uint64_t content, std::size_t octets) {
  const std::string number = std::to_string(content);
  std::string out = "From: soak@example.org\r\nSubject: message " + number + "\r\nMessage-ID: <" +
                    number + "@soak.example.org>\r\n\r\n";
  while (out.size() < octets) {
    out += "This is line of message " + number + ".\r\n";
  }
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 && argc != 3) {
    std::cerr << "Usage: model-imap MESSAGES [OCTETS]\n";
    return 2;
  }
  try {
    const std::size_t octets = argc == 3 ? std::stoul(argv[2]) : 0;
    mailpipe::test::ModelImapServer server;
    server.set_bodies([octets](std::uint64_t content) {
      return octets != 0 ? own_body(content, octets)
                         : std::string("Subject: model\r\n\r\nText.\r\n");
    });
    server.append("INBOX", std::stoul(argv[1]));
    std::cout << server.port() << std::endl;
    while (std::cin.get() != EOF) {
    }
  } catch (const std::exception& failure) {
    std::cerr << "model-imap: " << failure.what() << '\n';
    return 1;
  }
  return 0;
}
