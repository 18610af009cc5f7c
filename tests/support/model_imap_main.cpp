// model-imap MESSAGES: a ModelImapServer with that many messages of the same text in its INBOX, until standard input ends; for
// benchmarks. Prints its port.
#include "support/model_imap_server.hpp"

#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "Usage: model-imap MESSAGES\n";
    return 2;
  }
  try {
    mailpipe::test::ModelImapServer server;
    server.set_bodies([](std::uint64_t) { return std::string("Subject: model\r\n\r\nText.\r\n"); });
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
