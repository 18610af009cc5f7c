#include "pipeline/mishap_imap_fixture.hpp"
#include "support/scripted_imap_server.hpp"

namespace mailpipe::test {
namespace {

/// Servers that say as little as they may, or less.
class ImapTerse : public ImapMishap {
 protected:
  static std::string login(const std::string& ok) {
    return "S: * OK\nC: CAPABILITY\nS: * CAPABILITY IMAP4rev1\nS: $tag " + ok +
           "\nC: LOGIN *\nS: $tag " + ok + "\nC: CAPABILITY\nS: * CAPABILITY IMAP4rev1\nS: $tag " +
           ok + "\n";
  }

  static std::string examine(const std::string& ok) {
    return "C: EXAMINE *\nS: * 1 EXISTS\nS: * OK [UIDVALIDITY 7]\nS: $tag " + ok + "\n";
  }

  static std::string goodbye() { return "C: LOGOUT\n"; }

  /// A whole backup of one message, all tagged responses like that.
  static std::vector<std::string> account(const std::string& ok) {
    return {login(ok) + "C: LIST *\nS: * LIST () \"/\" INBOX\nS: $tag " + ok +
                "\nC: STATUS *\nS: * STATUS INBOX (MESSAGES 1 UIDNEXT 2 UIDVALIDITY 7)\nS: $tag " +
                ok + "\n" + examine(ok) +
                "C: UID FETCH 1:* *\nS: * 1 FETCH (UID 1 FLAGS () RFC822.SIZE 5)\nS: $tag " + ok +
                "\n" + goodbye(),
            login(ok) + examine(ok) +
                "C: UID FETCH 1 *\nS: * 1 FETCH (UID 1 BODY[] {5}\\r\\nhello)\nS: $tag " + ok +
                "\n" + goodbye()};
  }

  void expect_hello_from(std::vector<std::string> scripts) {
    ScriptedImapServer server(std::move(scripts));
    port_ = server.port();
    expect_end(run(), 0);
    EXPECT_EQ(server.problem(), "");
    expect_stored({"hello"});
  }
};

TEST_F(ImapTerse, OkWithoutTextWillDo) {
  expect_hello_from(account("OK"));
}

TEST_F(ImapTerse, OkWithACodeAndNoTextWillDo) {
  expect_hello_from(account("OK [READ-ONLY]"));
}

TEST_F(ImapTerse, OkInSmallLettersWillDo) {
  expect_hello_from(account("ok done"));
}

TEST_F(ImapTerse, AnEmptyContinuationWillDoForALogin) {
  start_with("AUTH=PLAIN");
  expect_all_is_well();
}

TEST_F(ImapTerse, LiteralsThatMustWaitAreWaitedWith) {
  start_with("");
  create("caf\xc3\xa9");
  model_->append("caf\xc3\xa9", 2);
  expect_all_is_well();
}

}  // namespace
}  // namespace mailpipe::test
