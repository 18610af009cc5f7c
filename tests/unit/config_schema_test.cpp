#include "config/node_json.hpp"
#include "config/schema.hpp"
#include "config/schema_judge.hpp"
#include "config/yaml_document.hpp"
#include "config_test_catalog.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <string>

namespace mailpipe::config {
namespace {

using nlohmann::json;

/// What an editor would say of a pipeline: the number of errors, or -1 when the schema itself is broken.
int errors_in(const std::string& text) {
  std::vector<Diagnostic> diagnostics;
  const NodePtr root = parse_yaml(text, "p.yaml", diagnostics);
  const Judgement judgement = judge(to_json(*root), json::parse(pipeline_schema(TestCatalog())));
  return judgement.schema_broken ? -1 : static_cast<int>(judgement.errors.size());
}

std::string pipeline(const std::string& source_options, const std::string& sink,
                     const std::string& more = "") {
  return "version: 1\nname: mail\nsource: { type: jmap, with: { session_url: 'https://a/b', " +
         source_options + " } }\nsinks: [" + sink + "]\n" + more;
}

constexpr char kToken[] = "token: { $env: T }";
constexpr char kEml[] = "{ type: eml, with: { path: /srv } }";

TEST(PipelineSchema, AcceptsWhatLintAccepts) {
  EXPECT_EQ(errors_in(pipeline(kToken, kEml)), 0);
  EXPECT_EQ(errors_in(pipeline(
                "token: { $command: [pass, x] }, user: { $env: U }", kEml,
                "filters: [{ type: window, with: { delay: 24h, since: 2024-01-31, largest: 5 } }]\n"
                "run: { memory: 64MiB, batch: { messages: 5, interval: 1m30s }, guard: { "
                "max_remove_fraction: 5% } }\n"
                "state: { dir: /var/lib/x }\nx-anything: [1]\nvars: { a: b }\n")),
            0);
  EXPECT_EQ(errors_in(pipeline(kToken,
                               "{ type: eml, id: a, on_remove: trash, with: { path: { $env: P } }, "
                               "filters: [{ type: window }] }")),
            0);
}

TEST(PipelineSchema, RefusesUnknownKeysAtEveryDepth) {
  EXPECT_GT(errors_in(pipeline(kToken, kEml, "colour: red\n")), 0);
  EXPECT_GT(errors_in(pipeline("token: { $env: T }, x: 1", kEml)), 0);
  EXPECT_GT(errors_in(pipeline(kToken, "{ type: eml, path: /srv }")), 0);
  EXPECT_GT(errors_in(pipeline(kToken, kEml, "run: { batch: { size: 5 } }\n")), 0);
}

TEST(PipelineSchema, RefusesWrongValues) {
  EXPECT_GT(errors_in(pipeline("token: literal", kEml)), 0);
  EXPECT_GT(errors_in(pipeline(kToken, "{ type: elm, with: { path: /srv } }")), 0);
  EXPECT_GT(errors_in(pipeline(kToken, "{ type: eml, with: {} }")), 0);
  EXPECT_GT(
      errors_in(pipeline(kToken, kEml, "filters: [{ type: window, with: { delay: soon } }]\n")), 0);
  EXPECT_GT(errors_in(pipeline(kToken, kEml, "run: { memory: much }\n")), 0);
  EXPECT_GT(errors_in("version: 2\nname: mail\nsource: { type: jmap }\nsinks: []\n"), 0);
}

TEST(PipelineSchema, CarriesDescriptionsAndDefaultsForEditors) {
  const json schema = json::parse(pipeline_schema(TestCatalog()));
  EXPECT_EQ(schema["definitions"]["filter.window"]["properties"]["delay"]["default"], "0s");
  EXPECT_EQ(schema["definitions"]["source.jmap"]["properties"]["session_url"]["description"],
            "Where the session object is.");
  EXPECT_EQ(schema["definitions"]["sink"]["properties"]["type"]["enum"],
            json::parse(R"(["eml", "mbox"])"));
}

}  // namespace
}  // namespace mailpipe::config
