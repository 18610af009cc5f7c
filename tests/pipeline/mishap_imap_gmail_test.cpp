#include "pipeline/mishap_imap_fixture.hpp"

namespace mailpipe::test {
namespace {

/// Servers that know a message by itself: Gmail, and OBJECTID (RFC 8474).
class ImapIdentity : public ImapMishap {
 protected:
  /// In German, as an account of a German user is. What is copied is All Mail, Spam and Trash.
  void start_gmail() {
    start_with(
        "ID NAMESPACE CONDSTORE ENABLE ESEARCH LIST-EXTENDED LIST-STATUS SPECIAL-USE "
        "X-GM-EXT-1 LITERAL- AUTH=PLAIN SASL-IR");
    model_->create("[Gmail]", "\\Noselect \\HasChildren");
    create(kAll, "\\All");
    create("[Gmail]/Papierkorb", "\\Trash");
    create("[Gmail]/Spam", "\\Junk");
    model_->append(kAll, 4);
    model_->append("[Gmail]/Papierkorb");
    model_->append("[Gmail]/Spam");
    model_->create("Arbeit");
    model_->copy(kAll, 1, "Arbeit");
    model_->copy(kAll, 2, "Arbeit");
    mailboxes_.erase("INBOX");
    mailboxes_.erase("Archive");
  }

  std::size_t bodies() const { return model_->count(kBodies); }

  static constexpr const char* kAll = "[Gmail]/Alle Nachrichten";
};

TEST_F(ImapIdentity, GmailsAllMailSpamAndTrashAreCopiedOnceWhateverTheyAreCalled) {
  start_gmail();
  expect_all_is_well();
  EXPECT_EQ(model_->count("EXAMINE \"Arbeit\"*") + model_->count("EXAMINE \"INBOX\"*"), 0U);
  EXPECT_EQ(model_->count("EXAMINE \"[Gmail]\"*"), 0U);
}

TEST_F(ImapIdentity, GmailWithoutAllMailIsRefusedWithAHint) {
  start_gmail();
  model_->remove(kAll);
  mailboxes_.erase(kAll);
  expect_end(run(), 2, {"no All Mail", "gmail: folders"});
}

TEST_F(ImapIdentity, GmailsLabelsOfAnyKindAreRead) {
  start_gmail();
  model_->set_labels(kAll, 1, "\"\\\\Important\" Arbeit &APw-ber \"quo\\\"te\" \"\"");
  model_->set_labels(kAll, 2, "{6}\r\na b(c)");
  expect_all_is_well();
}

TEST_F(ImapIdentity, OfGmailMovedToTheTrashIsNotDownloadedAgain) {
  start_gmail();
  expect_all_is_well();
  const std::size_t before = bodies();
  model_->move(kAll, 2, "[Gmail]/Papierkorb");
  expect_end(run(), 0);
  EXPECT_EQ(bodies(), before);
}

TEST_F(ImapIdentity, OfObjectIdMovedIsNotDownloadedAgain) {
  expect_all_is_well();
  const std::size_t before = bodies();
  model_->move("INBOX", 2, "Archive");
  expect_end(run(), 0);
  EXPECT_EQ(bodies(), before);
}

TEST_F(ImapIdentity, OfObjectIdInTwoMailboxesHasAFileInEach) {
  model_->copy("INBOX", 2, "Archive");
  expect_all_is_well();
}

TEST_F(ImapIdentity, OfObjectIdThatIsMissingIsNoMatter) {
  model_->on({.command = "UID FETCH 1:* *EMAILID*",
              .mailbox = "INBOX",
              .instead = "* 1 FETCH (UID 1 FLAGS () INTERNALDATE \"01-Feb-2020 10:00:00 +0000\" "
                         "RFC822.SIZE 130)\r\n"
                         "* 2 FETCH (UID 2 FLAGS () INTERNALDATE \"01-Feb-2020 10:00:00 +0000\" "
                         "RFC822.SIZE 130 EMAILID NIL)\r\n"
                         "* 3 FETCH (UID 3 FLAGS () INTERNALDATE \"01-Feb-2020 10:00:00 +0000\" "
                         "RFC822.SIZE 130 EMAILID ())\r\n$tag OK done\r\n"});
  run({.budget = "1m"});
  expect_whole_after_a_quiet_run();
}

}  // namespace
}  // namespace mailpipe::test
