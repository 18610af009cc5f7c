#include "support/imap_rules.hpp"

#include <gtest/gtest.h>

namespace mailpipe::testing {
namespace {

using Commands = std::vector<std::string>;

TEST(ImapRules, LetPassWhatOnlyReads) {
  EXPECT_EQ(commands_that_may_change(
                {"LIST \"\" \"*\" RETURN (STATUS (MESSAGES))", "EXAMINE \"a\" (QRESYNC (1 2))",
                 "UID FETCH 1:* (FLAGS RFC822.SIZE BODY.PEEK[]<0.5>)",
                 "uid search return (all) 1:*", "UNSELECT", "NOOP", "ID NIL", "LOGOUT"}),
            Commands());
}

TEST(ImapRules, StopWhatMayChangeSomething) {
  const Commands bad = {"SELECT a",
                        "UID FETCH 1 (BODY[])",
                        "UID FETCH 1 (RFC822.SIZE RFC822)",
                        "FETCH 1 (FLAGS)",
                        "STORE 1 +FLAGS (a)",
                        "UID STORE 1 FLAGS (a)",
                        "UID EXPUNGE 1",
                        "CLOSE",
                        "SUBSCRIBE a",
                        "APPEND a {3+}..."};
  EXPECT_EQ(commands_that_may_change(bad), bad);
}

}  // namespace
}  // namespace mailpipe::testing
