#include "author.hpp"

#include <gtest/gtest.h>

#include <string>

namespace mailpipe {
namespace {

TEST(ReadAuthor, GivesNameAndAddress) {
  EXPECT_EQ(read_author("Ann Example <ann@example.org>"),
            (Author{"Ann Example", "ann@example.org"}));
  EXPECT_EQ(read_author("\"Example, Ann\" <ann@example.org>, b@example.org"),
            (Author{"Example, Ann", "ann@example.org"}));
}

TEST(ReadAuthor, AnAddressNeedsNoName) {
  EXPECT_EQ(read_author("ann@example.org"), (Author{"", "ann@example.org"}));
  EXPECT_EQ(read_author("<ann@example.org>"), (Author{"", "ann@example.org"}));
}

TEST(ReadAuthor, DecodesNames) {
  EXPECT_EQ(read_author("=?iso-8859-1?Q?J=F6rg?= <j@example.org>").name, "J\xC3\xB6rg");
  EXPECT_EQ(read_author("=?utf-8?B?5bGx55Sw?= <j@example.org>").name, "\xE5\xB1\xB1\xE7\x94\xB0");
}

TEST(ReadAuthor, TakesRawOctetsAsUtf8OrLatin1) {
  EXPECT_EQ(read_author("J\xC3\xB6rg <j@example.org>").name, "J\xC3\xB6rg");
  EXPECT_EQ(read_author("J\xF6rg <j@example.org>").name, "J\xC3\xB6rg");
}

TEST(ReadAuthor, LooksIntoGroups) {
  EXPECT_EQ(read_author("Team: Ann <ann@example.org>, b@example.org;").address, "ann@example.org");
  EXPECT_EQ(read_author("Undisclosed:;, b@example.org").address, "b@example.org");
}

TEST(ReadAuthor, WhatIsNoListBecomesTheName) {
  EXPECT_EQ(read_author(""), Author());
  EXPECT_EQ(read_author("undisclosed recipients:;").address, "");
}

TEST(ReadAuthor, SurvivesAnything) {
  for (const std::string piece :
       {"(", ")", "<", ">", "\"", "a:", ";", ",", "=?utf-8?Q?=FF?=", "\xFF", "@", "\\", "."}) {
    std::string text;
    while (text.size() < 40'000) {
      text += piece;
    }
    EXPECT_LE(read_author(text).name.size(), 3U * 40'000) << piece;
  }
}

}  // namespace
}  // namespace mailpipe
