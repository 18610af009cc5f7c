#include "imap_transcript.hpp"

#include <gtest/gtest.h>

#include <string>

namespace mailpipe::imap {
namespace {

TEST(ImapLargeResponse, SurvivesOneMebibyteOfAnything) {
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
      std::string text = begin;
      while (text.size() < (1U << 20U)) {
        text += piece;
      }
      const std::string told = Transcript::of(text, 256);
      EXPECT_LT(told.size(), 40 * text.size()) << begin << piece;
    }
  }
}

}  // namespace
}  // namespace mailpipe::imap
