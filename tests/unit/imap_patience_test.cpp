#include "patience.hpp"

#include <mailpipe/error.hpp>

#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;
using mailpipe::Error;
using mailpipe::imap::Patience;

TEST(ImapPatience, EndsWithSilence) {
  Patience patience(60s);
  patience.waited(59s, false, "x");
  EXPECT_EQ(patience.left(), 1s);
  EXPECT_THROW(patience.waited(1s, false, "x"), Error);
}

TEST(ImapPatience, BeginsAnewWithEachOctet) {
  Patience patience(60s);
  for (int i = 0; i < 10; ++i) {
    patience.waited(50s, false, "x");
    patience.progress(100);
  }
  EXPECT_EQ(patience.left(), 60s);
}

TEST(ImapPatience, EndsWithAServerThatDrips) {
  Patience patience(60s);
  const auto drip = [&] {
    for (int i = 0; i < 10; ++i) {
      patience.waited(30s, true, "x");
      patience.progress(1);
    }
  };
  EXPECT_THROW(drip(), Error);
}

TEST(ImapPatience, TakesAWordNowAndThenBetweenAnswers) {
  Patience patience(60s);
  for (int i = 0; i < 100; ++i) {
    patience.waited(30s, false, "x");
    patience.progress(50);  // "* OK Searched 13% of the mailbox, ETA 2:20"
  }
  EXPECT_GT(patience.left(), 0s);
}

TEST(ImapPatience, TakesASlowBody) {
  Patience patience(60s);
  for (int i = 0; i < 1000; ++i) {
    patience.waited(1s, true, "x");
    patience.progress(100);
  }
  EXPECT_GT(patience.left(), 0s);
}

}  // namespace
