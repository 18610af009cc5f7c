#include "config_fuzz_entry.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

namespace {

std::vector<std::string> seeds() {
  std::vector<std::string> texts;
  for (const auto& entry : std::filesystem::directory_iterator(MAILPIPE_LINT_CORPUS)) {
    std::ifstream in(entry.path(), std::ios::binary);
    texts.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  return texts;
}

void run(const std::string& text) {
  EXPECT_EQ(mailpipe_fuzz_config(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()),
            0);
}

/// A piece taken out, doubled, moved, or an octet of YAML's own put somewhere.
std::string damaged(std::string text, std::mt19937& random) {
  constexpr char kOwn[] = "{}[]:,-?!&*#|>@%'\"\n\t $<~=.0\x80\xff";
  for (int times = 1 + static_cast<int>(random() % 4); times > 0 && !text.empty(); --times) {
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

TEST(ConfigFuzz, SurvivesDamagedFiles) {
  std::mt19937 random(1);
  for (const std::string& seed : seeds()) {
    for (int i = 0; i < 10; ++i) {
      run(damaged(seed, random));
    }
  }
}

TEST(ConfigFuzz, SurvivesOneMebibyteOfAnything) {
  for (const std::string piece :
       {"a: ", "- ", "[", "{", "\"", "'", "&a ", "*a ", "a\n", ": ", "|\n ", "# ", "!", "%",
        "a: b\n", "\n\n", "- a\n", "x-a: [1]\n"}) {
    std::string text;
    while (text.size() < (1U << 20U)) {
      text += piece;
    }
    text.resize(1U << 20U);
    run(text);
  }
}

}  // namespace
