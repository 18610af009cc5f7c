// fill-cyrus IMAP_PORT USER PASSWORD MESSAGES [LARGE_OCTETS]: sample mail for a test server, for benchmarks and by hand.
#include "support/sample_mail.hpp"

#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() < 4 || words.size() > 5) {
    std::cerr << "Usage: fill-cyrus IMAP_PORT USER PASSWORD MESSAGES [LARGE_OCTETS]\n";
    return 2;
  }
  try {
    mailpipe::testing::FillOptions how;
    how.messages = std::stoul(words[3]);
    how.large_octets = words.size() > 4 ? std::stoull(words[4]) : 0;
    mailpipe::testing::fill(std::stoi(words[0]), words[1], words[2], how);
  } catch (const std::exception& failure) {
    std::cerr << "fill-cyrus: " << failure.what() << '\n';
    return 1;
  }
  return 0;
}
