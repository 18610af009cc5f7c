// Files that a scan found take the place of downloads.
#include "pipeline/rekey_fixture.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <string>

namespace mailpipe::test {
namespace {

TEST_F(Rekey, WhatIsToldOfAMessageThatIsSampledIsFollowed) {
  adopt_many();
  std::string sampled;
  tell_while_fetching([&](StreamId stream, Emitter& out, const std::string& key) {
    sampled = key;
    out.keywords(stream, key, {"$seen"});
  });
  const run::RunReport report = pipeline.run(run::Mode::Rebuild);
  EXPECT_EQ(report.exit_code, 0);
  EXPECT_EQ(report.counters.at("engine.sampled"), 1U);
  EXPECT_EQ(tree.files.at("Inbox/" + sampled).keywords, (std::set<std::string>{"$seen"}));
}

TEST_F(Rekey, AMessageThatIsRemovedWhileItIsSampledLeavesNoCopy) {
  adopt_many();
  tell_while_fetching(
      [](StreamId stream, Emitter& out, const std::string& key) { out.removed(stream, key); });
  EXPECT_EQ(pipeline.run(run::Mode::Rebuild).exit_code, 0);
  EXPECT_EQ(tree.files.size(), 249U);
}

TEST_F(Rekey, AMessageThatIsRemovedWhileItIsSampledAndIsGoneThenLeavesNoCopy) {
  adopt_many();
  tell_while_fetching([&](StreamId stream, Emitter& out, const std::string& key) {
    pipeline.script.vanished.insert(key.substr(key.rfind(':') + 1));
    out.removed(stream, key);
  });
  EXPECT_EQ(pipeline.run(run::Mode::Rebuild).exit_code, 0);
  EXPECT_EQ(tree.files.size(), 249U);
}

TEST_F(Rekey, AMessageThatIsRemovedWhileItsSampleFailsLeavesNoCopy) {
  adopt_many();
  tell_while_fetching(
      [](StreamId stream, Emitter& out, const std::string& key) { out.removed(stream, key); },
      ErrorClass::Item);
  pipeline.run(run::Mode::Rebuild);
  EXPECT_EQ(tree.files.size(), 249U);
  pipeline.script.on_fetch = nullptr;
  pipeline.script.after_items = nullptr;
  EXPECT_EQ(pipeline.run().counts, run::Counts{});
  EXPECT_EQ(tree.files.size(), 249U);
}

TEST_F(Rekey, WhatIsToldOfAMessageThatIsSampledIsToldAgainIfTheRunBreaksOff) {
  adopt_many();
  std::string sampled;
  tell_while_fetching(
      [&](StreamId stream, Emitter& out, const std::string& key) {
        sampled = key;
        account.messages[key.substr(key.rfind(':') + 1)].keywords = {"$seen"};
        out.keywords(stream, key, {"$seen"});
        out.checkpoint(stream, std::to_string(account.state()));
      },
      ErrorClass::Permanent);
  EXPECT_EQ(pipeline.run(run::Mode::Rebuild).exit_code, 1);
  pipeline.script.on_fetch = nullptr;
  pipeline.script.after_items = nullptr;
  EXPECT_EQ(pipeline.run().exit_code, 0);
  EXPECT_EQ(tree.files.at("Inbox/" + sampled).keywords, (std::set<std::string>{"$seen"}));
}

TEST_F(Rekey, ARebuildFindsMessagesByTheirHeaders) {
  for (int i = 0; i < 20; ++i) {
    account.add("m" + std::to_string(i), {.body = "A: " + std::to_string(i) + "\r\n\r\nbody"});
  }
  pipeline.run();
  forget_fetches();
  const run::RunReport report = pipeline.run(run::Mode::Rebuild);
  EXPECT_EQ(report.exit_code, 0);
  EXPECT_EQ(report.sinks.at(0).adopted, 20U);
  EXPECT_EQ(pipeline.script.header_fetches, 20);
  EXPECT_EQ(pipeline.script.body_fetches, 0);
  EXPECT_EQ(tree.files.size(), 20U);
}

TEST_F(Rekey, ARebuildBringsTheKeywordsThatTheServerHasAndKeepsLocalOnes) {
  account.add("a", {.body = "A: 1\r\n\r\nx", .keywords = {"$seen"}});
  pipeline.run();
  tree.files.begin()->second.keywords.insert("local");
  account.change("a", [](auto& m) { m.keywords = {"$seen", "$flagged"}; });
  EXPECT_EQ(pipeline.run(run::Mode::Rebuild).exit_code, 0);
  EXPECT_EQ(tree.files.begin()->second.keywords,
            (std::set<std::string>{"$flagged", "$seen", "local"}));
}

TEST_F(Rekey, RecordsOfAnotherToolNeedASampleOnly) {
  for (int i = 0; i < 1000; ++i) {
    account.add("m" + std::to_string(i), {.body = "A: " + std::to_string(i) + "\r\n\r\nbody"});
  }
  pipeline.run();
  forget_fetches();
  pipeline.refs_in_scan = true;
  const run::RunReport report = pipeline.run(run::Mode::Rebuild);
  EXPECT_EQ(report.exit_code, 0);
  EXPECT_EQ(report.sinks.at(0).adopted, 1000U);
  EXPECT_EQ(pipeline.script.header_fetches, 0);
  EXPECT_EQ(pipeline.script.body_fetches, 5);
  EXPECT_EQ(report.counters.at("engine.sampled"), 5U);
}

TEST_F(Rekey, RecordsThatDoNotFitTheAccountStopTheAdoption) {
  for (int i = 0; i < 1000; ++i) {
    account.add("m" + std::to_string(i),
                {.body = "A: " + std::to_string(1000 + i) + "\r\n\r\nbody"});
  }
  pipeline.run();
  for (auto& [id, message] : account.messages) {
    message.body.back() = '?';
  }
  pipeline.refs_in_scan = true;
  const run::RunReport report = pipeline.run(run::Mode::Rebuild);
  EXPECT_EQ(report.exit_code, 1);
  EXPECT_EQ(tree.files.size(), 1000U);
}

}  // namespace
}  // namespace mailpipe::test
