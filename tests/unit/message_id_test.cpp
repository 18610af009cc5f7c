#include "spool/message_id.hpp"

#include <gtest/gtest.h>

namespace mailpipe::spool {
namespace {

std::optional<std::uint64_t> scanned(std::string_view message, std::size_t step) {
  MessageIdScan scan;
  for (std::size_t at = 0; at < message.size(); at += step) {
    scan.add(message.substr(at, step));
  }
  return scan.hash();
}

TEST(MessageId, IsTheSameWithAndWithoutBracketsAndSpace) {
  const auto hash = message_id_hash("a@b.example");
  ASSERT_TRUE(hash);
  EXPECT_EQ(message_id_hash("<a@b.example>"), hash);
  EXPECT_EQ(message_id_hash(" \t<a@b.example> (from somewhere)\r\n"), hash);
  EXPECT_NE(message_id_hash("<A@b.example>"), hash);
  EXPECT_FALSE(message_id_hash("<>"));
  EXPECT_FALSE(message_id_hash(" \r\n"));
}

TEST(MessageId, IsFoundHoweverTheHeaderComesInPieces) {
  for (const std::string_view message :
       {"From: ann\r\nMessage-ID: <a@b.example>\r\nTo: bob\r\n\r\nbody",
        "From: ann\nMESSAGE-id:\n <a@b.example>\nTo: bob\n\nbody",
        "Message-Id: <a@b.example>\r\n\r\nMessage-ID: <other@b.example>\r\n",
        "X-Message-ID: <other@b.example>\r\nMessage-ID: <a@b.example>"}) {
    for (const std::size_t step : {1U, 2U, 7U, 1000U}) {
      EXPECT_EQ(scanned(message, step), message_id_hash("a@b.example"))
          << message << " by " << step;
    }
  }
}

TEST(MessageId, IsNotTakenFromTheBody) {
  for (const std::string_view message : {"From: ann\r\n\r\nMessage-ID: <a@b.example>\r\n",
                                         "\nMessage-ID: <a@b.example>\n", "Message-ID:\r\n\r\nx"}) {
    EXPECT_FALSE(scanned(message, 3)) << message;
  }
}

}  // namespace
}  // namespace mailpipe::spool
