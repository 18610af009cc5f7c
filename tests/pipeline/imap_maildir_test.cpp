// IMAP to Maildir with the real program on real servers: what lies on disk is what the server has.
#include "pipeline/imap_maildir_fixture.hpp"
#include "pipeline/odd_mailboxes.hpp"

#include <nlohmann/json.hpp>

namespace mailpipe::test {
namespace {

std::vector<std::string> refused_by(Server server) {
  if (server == Server::Cyrus) {
    return {"\"quoted\"", "back\\slash", "100% & 50%41", "semi;colon:and,comma", "(round) {curly}"};
  }
  return {"~home"};
}

class ImapMaildir : public ImapMaildirOn {};

TEST_P(ImapMaildir, CopiesEveryFolderOfALargeAccountAsTheServerHasIt) {
  const std::vector<std::string> refused = fill_odd_mailboxes(*account_);
  EXPECT_EQ(refused, refused_by(GetParam()));
  run_well();
  EXPECT_EQ(account_->list().size(), kOddMailboxes);
  EXPECT_EQ(tree().size(), kOddMailboxes);
  expect_mirrored();
  EXPECT_EQ(count("stored"), bodies());

  forget_commands();
  run_well();
  EXPECT_EQ(bodies(), 0U);
  EXPECT_EQ(commands_like("EXAMINE"), 0U);
  expect_mirrored();
}

INSTANTIATE_TEST_SUITE_P(Servers, ImapMaildir, ::testing::Values(Server::Dovecot, Server::Cyrus),
                         ::testing::PrintToStringParamName());

}  // namespace
}  // namespace mailpipe::test
