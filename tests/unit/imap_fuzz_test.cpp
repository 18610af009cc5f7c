#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

void run(const std::string& octets) {
  EXPECT_EQ(
      LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(octets.data()), octets.size()),
      0);
}

const std::vector<std::string> kSeeds = {
    "* OK [CAPABILITY IMAP4rev1 LITERAL+ SASL-IR] ready\r\n+ go on\r\na1 OK [READ-ONLY] done\r\n",
    "* LIST (\\HasNoChildren \\Sent) \"/\" \"a \\\"b\" (\"CHILDINFO\" (\"X\"))\r\n* LIST () NIL "
    "{3}\r\n"
    "abc\r\n",
    "* STATUS {3}\r\nabc (MESSAGES 3 UIDNEXT 7 UIDVALIDITY 1 HIGHESTMODSEQ 99 MAILBOXID (F1))\r\n",
    "* ESEARCH (TAG \"A285\") UID ALL 1:3,7 MODSEQ 12\r\n* SEARCH 1 2 3 (MODSEQ 5)\r\n* VANISHED "
    "(EARLIER) 4,5:9\r\n",
    "* 1 FETCH (UID 5 FLAGS (\\Seen $F) INTERNALDATE \"17-Jul-1996 02:44:25 -0700\" RFC822.SIZE 44 "
    "MODSEQ (3) BODY[] {5}\r\nhello X-GM-LABELS (\"\\\\Inbox\" \\Sent {1}\r\nx) EMAILID (M1))\r\n",
    "* 1 FETCH (BODY[HEADER.FIELDS (FROM)]<0> \"a\\\"b\" UID 5 BINARY[] ~{2}\r\nab X-GUID 1)\r\n",
    "* NAMESPACE ((\"\" \"/\")) NIL ((\"#p\" NIL \"X\" (\"y\")))\r\n* ID (\"name\" \"x\" \"os\" "
    "NIL)\r\n* BYE x\r\n",
    "* 1 FETCH (ENVELOPE (NIL ((\"a\" NIL \"b\" \"c\"))) BODYSTRUCTURE ((\"text\" \"plain\" NIL) "
    "3))\r\n",
};

/// A piece taken out, doubled, moved, or an octet of the grammar's own put somewhere.
std::string damaged(std::string text, std::mt19937& random) {
  constexpr char kOwn[] =
      "{}()[]<>\"\\~*+% \r\n0129:,-\0\x80\xff"
      "NIL";
  for (int times = 1 + static_cast<int>(random() % 5); times > 0 && !text.empty(); --times) {
    const std::size_t at = random() % text.size();
    const std::size_t length = random() % 16;
    switch (random() % 3) {
      case 0:
        text.erase(at, length);
        break;
      case 1:
        text.insert(random() % (text.size() + 1), text.substr(at, length));
        break;
      default:
        text.insert(at, 1, kOwn[random() % (sizeof kOwn - 1)]);
        break;
    }
  }
  return text;
}

TEST(ImapFuzz, SurvivesDamagedResponses) {
  std::mt19937 random(1);
  for (int i = 0; i < 2000; ++i) {
    for (const std::string& seed : kSeeds) {
      run(static_cast<char>(random() % 64) + damaged(seed, random));
    }
  }
}

TEST(ImapFuzz, SurvivesOneMebibyteOfAnything) {
  for (const std::string piece : {"(",
                                  ")",
                                  "\"",
                                  "\\",
                                  "{",
                                  "}",
                                  "{1}\r\n",
                                  "{0}\r\n",
                                  "* ",
                                  "\r\n",
                                  "* 1 FETCH (",
                                  "[",
                                  "]",
                                  "* SEARCH 1 ",
                                  " 1",
                                  ",1",
                                  "~{3}\r\n",
                                  "* LIST (\\A) \"/\" x\r\n",
                                  "* 1 FETCH (FLAGS (a",
                                  "* 1 FETCH (FLAGS ())\r\n",
                                  "a1 OK\r\n",
                                  "* 1 FETCH (X-GM-LABELS ({1}\r\n"}) {
    for (const std::string begin : {"", "* 1 FETCH (", "* LIST ", "* ESEARCH UID ALL "}) {
      std::string text = "\xff" + begin;
      while (text.size() < (1U << 20U)) {
        text += piece;
      }
      run(text);
    }
  }
}

}  // namespace
