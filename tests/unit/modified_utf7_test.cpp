#include "modified_utf7.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace mailpipe {
namespace {

using namespace std::string_literals;

TEST(ModifiedUtf7, TurnsNamesBothWays) {
  const std::vector<std::pair<std::string, std::string>> table = {
      {"", ""},
      {"INBOX", "INBOX"},
      {"a&b", "a&-b"},
      {"&&", "&-&-"},
      {"Entwürfe", "Entw&APw-rfe"},
      {"~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"},
      {"📧", "&2D3c5w-"},
      {"a\tb", "a&AAk-b"},
      {"\x7f", "&AH8-"},
      {"ü&", "&APw-&-"},
      {"ü-", "&APw--"},
      {"a\0b"s, "a&AAA-b"},
  };
  for (const auto& [utf8, name] : table) {
    EXPECT_EQ(encode_utf7(utf8), name);
    EXPECT_EQ(decode_utf7(name), utf8);
  }
}

TEST(ModifiedUtf7, RefusesWhatIsMalformed) {
  for (const std::string name : {
           "&", "a&APw", "Entw\xc3\xbcrfe", "a\tb",
           "&AGE-",           // "a", which needs no shift
           "&ACY-",           // "&"
           "&APx-",           // a bit set behind the last character
           "&APwA-", "&AP-",  // no whole characters
           "&2D0-", "&3Oc-",  // half a pair
           "&APw-&APw-",      // one shift would do
           "&A/w-", "&A w-",  // not its base64
       }) {
    EXPECT_EQ(decode_utf7(name), std::nullopt) << name;
  }
}

TEST(ModifiedUtf7, ReplacesWhatIsNoUtf8) {
  EXPECT_EQ(decode_utf7(encode_utf7("a\xff")), "a\xef\xbf\xbd");
}

TEST(ModifiedUtf7, WhatItDecodesIsEncodedToTheSameOctets) {
  std::uint32_t state = 1;
  int decoded = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string name;
    for (int j = 0; j < 8; ++j) {
      state = state * 1'664'525U + 1'013'904'223U;
      name += "&-AQcw,a3\xc3"[(state >> 24) % 10];
    }
    if (const auto text = decode_utf7(name)) {
      EXPECT_EQ(encode_utf7(*text), name);
      ++decoded;
    }
  }
  EXPECT_GT(decoded, 100);
}

}  // namespace
}  // namespace mailpipe
