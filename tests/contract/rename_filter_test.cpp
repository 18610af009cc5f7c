#include "rename_filter.hpp"

#include "template_rules.hpp"

#include <mailpipe/testing/filter_contract.hpp>
#include <mailpipe/testing/message.hpp>

#include <nlohmann/json.hpp>

#include <fstream>
#include <memory>
#include <string>
#include <vector>

namespace mailpipe {
namespace {

using rename::RenameFilter;
using test::FilterContract;
using Json = nlohmann::json;

struct RenameFilterTest : testing::Test {
  Verdict judge(const Json& options, const test::Message& message) {
    const Body body = message.body();
    return RenameFilter(Options(options.dump()), host).judge(message.item, &body);
  }

  test::TestHost host;
};

TEST_F(RenameFilterTest, KeepsEverythingAndChangesNothingWithoutOptions) {
  const Verdict verdict = judge(Json::object(), test::message("M1", "Hi"));
  EXPECT_EQ(verdict.kind, Verdict::Kind::Keep);
  EXPECT_EQ(verdict.name, "");
  EXPECT_TRUE(verdict.places.empty());
}

TEST_F(RenameFilterTest, GivesNameAndPlace) {
  const Verdict verdict = judge(
      {{"name", "{subject} {id}"}, {"mailbox", "Old/{mailbox}"}, {"time_zone", "Europe/Berlin"}},
      test::message("M1", "Hi"));
  EXPECT_EQ(verdict.name, "Hi M1");
  ASSERT_EQ(verdict.places.size(), 1U);
  EXPECT_EQ(verdict.places[0], (Mailbox{.id = "inbox", .path = {"Old", "INBOX"}, .role = "inbox"}));
}

TEST_F(RenameFilterTest, TheTimeZoneIsThatOfTheOptions) {
  const test::Message message = test::message("M1", "Hi", 1706745598);
  EXPECT_EQ(judge({{"name", "{received_at:%d}{id}"}}, message).name, "31M1");
  EXPECT_EQ(judge({{"name", "{received_at:%d}{id}"}, {"time_zone", "Europe/Berlin"}}, message).name,
            "01M1");
}

// As when the places of a stored message are worked out again.
TEST_F(RenameFilterTest, WithoutTheBodyThatItNeedsItGivesTheSamePlaces) {
  const Json options{{"name", "{subject}{digest}"},
                     {"mailboxes", {{{"match", "^INBOX$"}, {"to", "In"}}}}};
  const test::Message message = test::message("M1", "Hi");
  const Verdict again = RenameFilter(Options(options.dump()), host).judge(message.item, nullptr);
  EXPECT_EQ(again.name, "");
  EXPECT_EQ(again.places, judge(options, message).places);
  EXPECT_EQ(again.places.at(0).path, std::vector<std::string>{"In"});
}

TEST_F(RenameFilterTest, NeedsWhatItsNameNeeds) {
  const auto needs = [&](const Json& options) {
    return RenameFilter(Options(options.dump()), host).needs();
  };
  EXPECT_EQ(needs(Json::object()), Needs::Metadata);
  EXPECT_EQ(needs({{"name", "{id}"}, {"mailbox", "{received_at:%Y}"}}), Needs::Metadata);
  EXPECT_EQ(needs({{"name", "{subject}"}}), Needs::Headers);
  EXPECT_EQ(needs({{"name", "{digest}"}}), Needs::Body);
}

/// Every field and format of the schema, as lint lets it pass.
TEST_F(RenameFilterTest, ReadsWhatItsManifestAllowsAndNothingElse) {
  const Json manifest = Json::parse(std::ifstream(RENAME_MANIFEST));
  const Json options = manifest["components"][0]["schema"]["properties"];
  const auto check = [](const Json& schema, const TemplateRules& rules) {
    std::size_t known = 0;
    for (const TemplateField& field : rules.fields) {
      const char* map = field.refused.empty() ? "x-mp-fields" : "x-mp-refused-fields";
      const Json& value = schema.at(map).at(field.name);
      const bool time = field.kind == TemplateField::Kind::Time;
      EXPECT_EQ(value, field.refused.empty() ? Json(time ? "time" : "text") : Json(field.refused));
      ++known;
    }
    const Json none = Json::object();
    EXPECT_EQ(known, schema.value("x-mp-fields", none).size() +
                         schema.value("x-mp-refused-fields", none).size());
    EXPECT_EQ(rules.groups, schema.contains("x-mp-groups-of"));
  };
  check(options["name"], rename::name_rules());
  check(options["mailbox"], rename::mailbox_rules());
  check(options["mailboxes"]["items"]["properties"]["to"], rename::replacement_rules());
}

std::vector<Item> every_kind() {
  std::vector<Item> items;
  for (const char* id : {"M1", "M2", "", "m1", "../x", "\xFF\xE2\x80\xAE"}) {
    Item item = test::message(id, "").item;
    item.keywords = {"$seen"};
    items.push_back(item);
    item.key += "/2";
    item.received_at.reset();
    item.size.reset();
    item.places.push_back({.id = "w", .path = {"Work", "a/b", std::string("\0\n", 2)}, .role = {}});
    items.push_back(item);
    item.key += "/3";
    item.places.clear();
    items.push_back(item);
  }
  return items;
}

INSTANTIATE_TEST_SUITE_P(
    Rename, FilterContract,
    testing::Values(
        test::FilterCase{
            "name",
            [](Host& host) {
              return std::make_unique<RenameFilter>(
                  Options(R"({"name":"{received_at}_{size}_{flags}_{mailbox}_{id:5}"})"), host);
            },
            every_kind()},
        test::FilterCase{"mailboxes",
                         [](Host& host) {
                           return std::make_unique<RenameFilter>(
                               Options(R"json({"mailbox":"{received_at:%Y}/{mailbox}",
                                   "mailboxes":[{"match":"^W(.*)","to":"\\1"},{"match":"/","to":"."}]})json"),
                               host);
                         },
                         every_kind()}),
    [](const auto& given) { return given.param.name; });

}  // namespace
}  // namespace mailpipe
