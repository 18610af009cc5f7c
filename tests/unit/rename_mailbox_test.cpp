#include "mailbox_path.hpp"

#include <mailpipe/error.hpp>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <string>
#include <utility>
#include <vector>

namespace mailpipe::rename {
namespace {

using Paths = std::vector<Path>;

/// One rule as it stands in the options.
std::string rule(const std::string& match, const std::string& to) {
  const nlohmann::json one{{"match", match}, {"to", to}};
  return one.dump();
}

std::string rules(const std::string& all) {
  return R"({"mailboxes":[)" + all + "]}";
}

std::string whole(const std::string& text) {
  return nlohmann::json{{"mailbox", text}}.dump();
}

Item item_in(const Paths& paths) {
  Item item;
  item.key = "jmap:a:M1";
  item.server_id = "M/1";
  item.received_at = std::chrono::sys_seconds(std::chrono::seconds(1706745598));
  for (const Path& path : paths) {
    item.places.push_back(
        {.id = "m" + std::to_string(item.places.size()), .path = path, .role = {}});
  }
  return item;
}

Paths mapped(const std::string& options, const Item& item) {
  static const TimeText kUtc("UTC");
  FieldValues values(item, nullptr, kUtc);
  const std::vector<Mailbox> places = MailboxPath(Options(options)).of(values);
  Paths out;
  for (const Mailbox& place : places.empty() ? item.places : places) {
    out.push_back(place.path);
  }
  return out;
}

Path mapped(const std::string& options, const Path& path) {
  const Paths out = mapped(options, item_in({path}));
  EXPECT_EQ(out.size(), 1U);
  return out.at(0);
}

TEST(MailboxPath, TheFirstRuleThatIsFoundCounts) {
  const std::string options =
      rules(rule(R"(^\[Gmail\]/All Mail$)", "Archive") + "," + rule("^INBOX$", "Inbox") + "," +
            rule("^\\[Gmail\\]/", "Google/") + "," + rule(".*", "Other"));
  EXPECT_EQ(mapped(options, Path{"[Gmail]", "All Mail"}), Path{"Archive"});
  EXPECT_EQ(mapped(options, Path{"INBOX"}), Path{"Inbox"});
  EXPECT_EQ(mapped(options, Path{"[Gmail]", "Spam"}), (Path{"Google", "Spam"}));
  EXPECT_EQ(mapped(options, Path{"x", "INBOX"}), Path{"Other"});
}

TEST(MailboxPath, AMailboxThatNoRuleKnowsStaysAsItIs) {
  const std::string options = rules(rule("^x$", "y"));
  EXPECT_EQ(mapped(options, Path{"a/b", "c"}), (Path{"a/b", "c"}));
  EXPECT_EQ(mapped(options, Path{"a", "", "c"}), (Path{"a", "", "c"}));
}

TEST(MailboxPath, FlattensAsIsyncDoes) {
  EXPECT_EQ(mapped(rules(rule("/", ".")), Path{"a", "b", "c"}), Path{"a.b.c"});
}

TEST(MailboxPath, MapsTheInboxAsIsyncDoes) {
  EXPECT_EQ(mapped(rules(rule("^INBOX(?=/|$)", "Mail")), Path{"INBOX", "Work"}),
            (Path{"Mail", "Work"}));
  EXPECT_EQ(mapped(rules(rule("^INBOX(?=/|$)", "Mail")), Path{"INBOXES"}), Path{"INBOXES"});
}

TEST(MailboxPath, StripsAPrefixAsNametransDoes) {
  EXPECT_EQ(mapped(rules(rule("^INBOX/", "")), Path{"INBOX", "Work"}), Path{"Work"});
}

TEST(MailboxPath, GroupsAndFieldsFillAReplacement) {
  EXPECT_EQ(mapped(rules(rule("^(.*)/(.*)$", R"(\2/{received_at:%Y}/\1\\)")), Path{"a", "b"}),
            (Path{"b", "2024", "a\\"}));
  EXPECT_EQ(mapped(rules(rule("^(x)?a$", R"(<\1\0>)")), Path{"a"}), Path{"<a>"});
  EXPECT_EQ(mapped(rules(rule("^a", "{mailbox:upper}-")), Path{"ab"}), Path{"AB-b"});
}

TEST(MailboxPath, NothingFoundManyTimesComesToAnEnd) {
  EXPECT_EQ(mapped(rules(rule("x*", "-")), Path{"a\xC3\xA4"}), Path{"-a-\xC3\xA4-"});
  EXPECT_EQ(mapped(rules(rule("$", "!")), Path{"a"}), Path{"a!"});
}

TEST(MailboxPath, AMailboxWithoutANameIsNone) {
  EXPECT_EQ(mapped(rules(rule(".*", "")), Path{"a"}), Path{"a"});
  EXPECT_EQ(mapped(rules(rule("^", "/x//")), Path{"a"}), (Path{"x", "a"}));
  EXPECT_EQ(mapped(whole("{flags}"), Path{"a"}), Path{"a"});
}

TEST(MailboxPath, ATemplateStandsForEachMailbox) {
  const Item item = item_in({{"a", "b"}, {"c"}});
  EXPECT_EQ(mapped(whole("{received_at:%Y}/{mailbox}"), item),
            (Paths{{"2024", "a", "b"}, {"2024", "c"}}));
  EXPECT_EQ(mapped(whole("All"), item), (Paths{{"All"}}));
}

TEST(MailboxPath, ATemplateFollowsTheRules) {
  EXPECT_EQ(mapped(R"({"mailboxes":[{"match":"/","to":"."}],"mailbox":"x/{mailbox:upper}"})",
                   Path{"a", "b"}),
            (Path{"x", "A.B"}));
}

TEST(MailboxPath, WhatAMessageSaysMakesNoLevel) {
  EXPECT_EQ(mapped(whole("x/{id}/{mailbox:2}"), Path{"a/bc", "def"}),
            (Path{"x", "M/1", "a/", "de"}));
}

TEST(MailboxPath, AMessageInNoMailboxCanBeGivenOne) {
  EXPECT_EQ(mapped(whole("All/{mailbox}"), item_in({})), (Paths{{"All"}}));
  EXPECT_EQ(mapped(rules(rule("^$", "All")), item_in({})), Paths());
}

TEST(MailboxPath, MailboxesThatGetOnePathAreOne) {
  EXPECT_EQ(mapped(rules(rule("^[ab]$", "x")), item_in({{"a"}, {"c"}, {"b"}})),
            (Paths{{"x"}, {"c"}}));
}

// The engine asks for the names of mailboxes without a message, to make empty ones.
TEST(MailboxPath, MailboxesWithoutAMessageHaveAPathIfItFollowsFromTheirs) {
  Item mailboxes = item_in({{"a"}, {"b"}});
  mailboxes.key.clear();
  EXPECT_EQ(mapped(whole("x/{mailbox}"), mailboxes), (Paths{{"x", "a"}, {"x", "b"}}));
  EXPECT_EQ(mapped(whole("{received_at:%Y}/{mailbox}"), mailboxes), (Paths{{}}));
  EXPECT_EQ(mapped(rules(rule("^a$", "{id}")), mailboxes), (Paths{{}, {"b"}}));
}

TEST(MailboxPath, APathIsNoDeeperThanMailboxesAre) {
  const std::string deep = std::string("x") + std::string(2000, '/') + "y/.././../z";
  EXPECT_EQ(mapped(rules(rule("^a$", deep)), Path{"a"}), (Path{"x", "y", "..", ".", "..", "z"}));
  std::string many;
  for (int i = 0; i < 100; ++i) {
    many += "l/";
  }
  for (const std::string& options : {rules(rule("^a$", many)), whole(many)}) {
    const Path path = mapped(options, Path{"a"});
    ASSERT_EQ(path.size(), 32U);
    EXPECT_EQ(path.back().size(), 2U * 68 + 1);
  }
}

TEST(MailboxPath, OctetsThatAreNoUtf8AreCarriedThrough) {
  EXPECT_EQ(mapped(rules(rule("^a", "b")), Path{"a\xFF"
                                                "c"}),
            Path{"b\xFF"
                 "c"});
  EXPECT_EQ(mapped(whole("{mailbox}"), Path{"\xFF"}), Path{"\xFF"});
}

TEST(MailboxPath, AnExpressionThatNeverEndsIsNoMatch) {
  const std::string options = rules(rule("^(a|a)*(b|b)*(a+)+$", "x") + "," + rule("^a", "y"));
  EXPECT_EQ(mapped(options, Path{std::string(5000, 'a') + "!"}),
            Path{"y" + std::string(4999, 'a') + "!"});
}

TEST(MailboxPath, RefusesWhatLintRefuses) {
  EXPECT_THROW(MailboxPath(Options(rules(rule("(", "x")))), Error);
  EXPECT_THROW(MailboxPath(Options(rules(rule("a", "{subject}")))), Error);
  EXPECT_THROW(MailboxPath(Options(whole("{subject}"))), Error);
}

}  // namespace
}  // namespace mailpipe::rename
