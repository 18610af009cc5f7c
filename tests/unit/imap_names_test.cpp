#include "keywords.hpp"
#include "mailbox_choice.hpp"
#include "mailbox_name.hpp"
#include "provider.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace mailpipe::imap {
namespace {

using Strings = std::vector<std::string>;

TEST(ImapNames, SplitsAndDecodes) {
  EXPECT_EQ(path_of("Archive/&ZeVnLIqe-/a &- b", '/'), (Strings{"Archive", "日本語", "a & b"}));
  EXPECT_EQ(path_of("a.b/c", '.'), (Strings{"a", "b/c"}));
  EXPECT_EQ(path_of("a/b", std::nullopt), (Strings{"a/b"}));
}

TEST(ImapNames, KeepsWhatIsNoModifiedUtf7) {
  EXPECT_EQ(path_of("R&D/\xC3\xBC/\xFF", '/'), (Strings{"R&D", "\xC3\xBC", "\xFF"}));
}

TEST(ImapNames, LeavesThePersonalPrefixOut) {
  EXPECT_EQ(path_of("INBOX.Sent.2024", '.', "INBOX."), (Strings{"Sent", "2024"}));
  EXPECT_EQ(path_of("INBOX", '.', "INBOX."), (Strings{"INBOX"}));
  EXPECT_EQ(path_of("INBOX.", '.', "INBOX."), (Strings{"INBOX"}));
  EXPECT_EQ(path_of("INBOX.INBOX", '.', "INBOX."), (Strings{"INBOX", "INBOX"}));
  EXPECT_EQ(path_of("Other", '.', "INBOX."), (Strings{"Other"}));
}

TEST(ImapNames, KnowsInboxInAnyCase) {
  EXPECT_EQ(path_of("Inbox", '/'), (Strings{"INBOX"}));
  EXPECT_FALSE(is_inbox("inbox2"));
  EXPECT_FALSE(is_inbox("\x09nbox"));
}

TEST(ImapNames, KeepsEmptyComponentsButTheLast) {
  EXPECT_EQ(path_of("a//b/", '/'), (Strings{"a", "", "b"}));
  EXPECT_EQ(path_of("", '/'), (Strings{""}));
}

TEST(ImapNames, ReadsRolesFromAttributesAndHabits) {
  EXPECT_EQ(role_of_attribute("\\Sent"), "sent");
  EXPECT_EQ(role_of_attribute("\\all"), "all");
  EXPECT_EQ(role_of_attribute("\\hasnochildren"), "");
  EXPECT_EQ(role_of_attribute(""), "");
  EXPECT_EQ(role_of_habit({"Deleted Items"}), "trash");
  EXPECT_EQ(role_of_habit({"Work", "Sent"}), "");
}

TEST(ImapGlobs, MatchAsImapDoes) {
  EXPECT_TRUE(glob_matches("*", ""));
  EXPECT_TRUE(glob_matches("*", "a/b"));
  EXPECT_TRUE(glob_matches("Archive/*", "Archive/2024/05"));
  EXPECT_FALSE(glob_matches("Archive/*", "Archive"));
  EXPECT_TRUE(glob_matches("Archive/%", "Archive/2024"));
  EXPECT_FALSE(glob_matches("Archive/%", "Archive/2024/05"));
  EXPECT_TRUE(glob_matches("%/%", "a/b"));
  EXPECT_TRUE(glob_matches("*%", "a/b"));
  EXPECT_TRUE(glob_matches("?", "ü"));
  EXPECT_FALSE(glob_matches("a?b", "a/b"));
  EXPECT_TRUE(glob_matches("\\*", "*"));
  EXPECT_FALSE(glob_matches("\\*", "a"));
  EXPECT_FALSE(glob_matches("", "a"));
}

bool matches_slowly(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) {
    return text.empty();
  }
  const char c = pattern.front();
  if (c == '*' || c == '%') {
    return matches_slowly(pattern.substr(1), text) ||
           (!text.empty() && (c == '*' || text.front() != '/') &&
            matches_slowly(pattern, text.substr(1)));
  }
  return !text.empty() && (c == '?' ? text.front() != '/' : c == text.front()) &&
         matches_slowly(pattern.substr(1), text.substr(1));
}

TEST(ImapGlobs, AgreeWithTheDefinition) {
  std::mt19937 random(7);
  const auto word = [&](std::string_view letters) {
    std::string out;
    for (unsigned i = random() % 8; i != 0; --i) {
      out += letters[random() % letters.size()];
    }
    return out;
  };
  for (int i = 0; i < 50'000; ++i) {
    const std::string pattern = word("ab/*%?");
    const std::string text = word("ab/");
    ASSERT_EQ(glob_matches(pattern, text), matches_slowly(pattern, text)) << pattern << " " << text;
  }
}

TEST(ImapGlobs, EndSoonWhateverThePattern) {
  std::string pattern;
  for (int i = 0; i < 200; ++i) {
    pattern += "a*%";
  }
  EXPECT_FALSE(glob_matches(pattern + "b", std::string(2000, 'a')));
}

TEST(MailboxChoice, TakesAllButForeignOnesWithoutPatterns) {
  const MailboxChoice all({}, {}, false);
  EXPECT_TRUE(all.includes({"INBOX", "inbox"}));
  EXPECT_FALSE(all.includes({"user/bob", "", false, "user/"}));
}

TEST(MailboxChoice, TakesForeignOnesThatAreNamed) {
  const MailboxChoice named({"*", "user/bob*"}, {}, false);
  EXPECT_TRUE(named.includes({"user/bob", "", false, "user/"}));
  EXPECT_FALSE(named.includes({"user/eve", "", false, "user/"}));
}

TEST(MailboxChoice, ChoosesByRoleAndName) {
  const MailboxChoice choice({"\\Sent", "Work*"}, {"Work/old*", "\\junk"}, false);
  EXPECT_TRUE(choice.includes({"Gesendet", "sent"}));
  EXPECT_TRUE(choice.includes({"Work/new", ""}));
  EXPECT_FALSE(choice.includes({"Work/old/1", ""}));
  EXPECT_FALSE(choice.includes({"Work spam", "junk"}));
  EXPECT_FALSE(choice.includes({"INBOX", "inbox"}));
}

TEST(MailboxChoice, LeavesOutWhatIsNotSubscribedWhenAsked) {
  const MailboxChoice choice({}, {}, true);
  EXPECT_FALSE(choice.includes({"a", "", false}));
  EXPECT_TRUE(choice.includes({"b", "", true}));
}

TEST(ImapKeywords, AreThoseOfJmap) {
  EXPECT_EQ(keywords_of({"\\Seen", "\\Answered", "\\Flagged", "\\Draft", "\\Deleted"}),
            (Strings{"$answered", "$deleted", "$draft", "$flagged", "$seen"}));
  EXPECT_EQ(keywords_of({"\\Recent", "\\*", "\\Unknown", "$Forwarded", "MyTag", "mytag", ""}),
            (Strings{"$forwarded", "mytag"}));
}

TEST(ImapProvider, IsKnownByTheEndOfTheHostName) {
  EXPECT_EQ(provider_of("imap.GMAIL.com").bytes_per_day, 2'500'000'000U);
  EXPECT_EQ(provider_of("imap.mail.yahoo.com").view_limit, 10'000U);
  EXPECT_EQ(provider_of("export.imap.mail.yahoo.com").view_limit, 0U);
  EXPECT_EQ(provider_of("notgmail.com").connections, 0U);
  EXPECT_EQ(provider_of("localhost").connections, 0U);
}

}  // namespace
}  // namespace mailpipe::imap
