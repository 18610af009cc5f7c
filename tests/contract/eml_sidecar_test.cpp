#include "eml_sink.hpp"
#include "fs/posix_fs.hpp"
#include "sidecar_text.hpp"

#include <mailpipe/testing/sink_fixture.hpp>

#include <nlohmann/json.hpp>

#include <functional>

namespace mailpipe::test {
namespace {

using Json = nlohmann::json;

std::unique_ptr<Sink> make_sink(Host& host, const fs::path& root, const std::string& sidecar) {
  const nlohmann::json options{{"path", root.string()}, {"sync", "auto"}, {"sidecar", sidecar}};
  return std::make_unique<eml::EmlSink>(Options(options.dump()), host);
}

/// A message that two rows of one server id have: the same file.
Message copy_of(const Message& one, const std::string& key, const std::string& mailbox) {
  Message other = one;
  other.item.key = key;
  other.item.places = {{.id = "/" + mailbox, .path = {mailbox}, .role = {}}};
  return other;
}

struct EmlSidecar : testing::Test {
  EmlSidecar() {
    host.set_run_time(std::chrono::sys_seconds(std::chrono::seconds(1'700'000'000)));
    open();
    one.item.keywords = {"$seen", "work"};
    one.item.attributes = {{"gm-labels", "a"}, {"gm-labels", "b"}};
  }

  void open(const std::string& sidecar = "json") {
    sink = make_sink(host, root, sidecar);
    sink->open(false);
  }

  static Staged commit(Sink& to, const Message& message) {
    const Staged staged = to.store(message.item, message.body());
    to.sync(SyncPhase::Data);
    to.publish(staged);
    to.sync(SyncPhase::Names);
    return staged;
  }

  Receipt stored(const Message& message) { return receipt(message, commit(*sink, message)); }

  static Receipt receipt(const Message& message, const Staged& staged) {
    Receipt out = message.receipt(staged.placed.at(0).location);
    out.keywords = message.item.keywords;
    return out;
  }

  void update(const Receipt& from, const Message& to) {
    sink->update(from, to.item);
    sink->sync(SyncPhase::Names);
  }

  fs::path file_beside(const Receipt& message) const {
    return root / eml::sidecar_name(message.location);
  }

  Json beside(const Receipt& message) const {
    return Json::parse(slurp(file_beside(message)), nullptr, false);
  }

  std::map<std::string, Json> told(const Receipt& message) const {
    std::map<std::string, Json> out;
    const Json all = beside(message).value("messages", Json::array());
    for (const Json& each : all) {
      out[each["key"].get<std::string>()] = each;
    }
    return out;
  }

  std::size_t staged_files() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(root / ".mailpipe-stage"), fs::directory_iterator()));
  }

  /// Visible files, messages and sidecars.
  std::size_t files_there() const {
    std::size_t count = 0;
    for (const auto& entry : fs::directory_iterator(root)) {
      count += entry.is_regular_file() && entry.path().filename().string().front() != '.' ? 1U : 0U;
    }
    return count;
  }

  /// `prepare` runs undisturbed, `step` dies at its nth call, `again` is the next run.
  void kill_everywhere(const std::function<void()>& prepare, const std::function<void(Sink&)>& step,
                       const std::function<void()>& again) {
    for (std::uint64_t nth = 1;; ++nth) {
      ASSERT_LT(nth, 500U);
      SCOPED_TRACE("killed at call " + std::to_string(nth));
      sink.reset();
      fs::remove_all(root);
      fs::remove_all(dir / "root.mailpipe-trash");
      open();
      prepare();
      FaultyFs faulty(unsynced);
      TestHost faulted(faulty);
      {
        const auto killed = make_sink(faulted, root, "json");
        killed->open(false);
        faulty.fail({.nth = nth, .error = EIO, .lasts = true});
        try {
          step(*killed);
        } catch (const Error&) {
          EXPECT_TRUE(faulty.hit());
        }
      }
      open();
      again();
      EXPECT_EQ(staged_files(), 0U);
      if (!faulty.hit() || HasFailure()) {
        return;
      }
    }
  }

  /// What the engine does with an open intent: recovers it, or stores the message again.
  Receipt finish(const Message& message, const std::optional<Staged>& staged) {
    const bool whole = staged && sink->recover({receipt(message, *staged), staged->token});
    sink->sync(SyncPhase::Names);
    sink->sweep();
    return whole ? receipt(message, *staged) : stored(message);
  }

  TempDir dir;
  fs::path root = dir / "root";
  PosixFs posix;
  UnsyncedFs unsynced{posix};
  CountingFs counting{unsynced};
  TestHost host{counting};
  std::unique_ptr<Sink> sink;
  Message one = message("M1", "x");
};

TEST_F(EmlSidecar, TellsAllThatTheServerSaysOfAMessage) {
  one.item.places = {{.id = "1", .path = {"INBOX"}, .role = "inbox"},
                     {.id = "2", .path = {"a", "b/c"}, .role = {}}};
  const Receipt at = stored(one);
  EXPECT_EQ(file_beside(at).filename(), "20231114_221320_M1_x.json");
  const std::string digest = beside(at)["sha256"];
  EXPECT_EQ(digest.size(), 64U);
  EXPECT_EQ(beside(at), Json::parse(R"({
    "mailpipe_sidecar": 1, "file": "20231114_221320_M1_x.eml", "size": )" +
                                    std::to_string(one.octets.size()) + R"(,
    "sha256": ")" + digest + R"(", "received_at": "2023-11-14T22:13:20Z",
    "messages": [{
      "key": "jmap:a:M1", "server_id": "M1", "received_at": "2023-11-14T22:13:20Z",
      "mailboxes": [{"path": ["INBOX"], "role": "inbox"}, {"path": ["a", "b/c"]}],
      "keywords": ["$seen", "work"],
      "attributes": [{"name": "gm-labels", "value": "a"}, {"name": "gm-labels", "value": "b"}]
    }]})"));
}

TEST_F(EmlSidecar, IsNotThereUnlessAskedFor) {
  open("none");
  const Receipt at = stored(one);
  EXPECT_EQ(files_there(), 1U);
  counting.reset();
  one.item.keywords = {};
  update(at, one);
  EXPECT_EQ(counting.total(), 0U);
}

TEST_F(EmlSidecar, IsVisibleAsSoonAsItsMessageAndNotBefore) {
  const Staged staged = sink->store(one.item, one.body());
  sink->sync(SyncPhase::Data);
  EXPECT_EQ(files_there(), 0U);
  sink->publish(staged);
  EXPECT_EQ(files_there(), 2U);
  EXPECT_EQ(staged_files(), 0U);
  sink->publish(staged);
  EXPECT_EQ(files_there(), 2U);
}

TEST_F(EmlSidecar, IsSyncedWithItsMessage) {
  sink->store(one.item, one.body());
  counting.reset();
  sink->sync(SyncPhase::Data);
  EXPECT_EQ(counting.syncs(), 2U);
}

TEST_F(EmlSidecar, IsTheOwnersAlone) {
  EXPECT_EQ(fs::status(file_beside(stored(one))).permissions(), fs::perms(0600));
}

TEST_F(EmlSidecar, TakesFewCallsMoreAMessage) {
  counting.reset();
  for (int i = 0; i < 100; ++i) {
    const Message each = message("M" + std::to_string(i), "x");
    sink->publish(sink->store(each.item, each.body()));
  }
  EXPECT_LE(counting.total(), 1200U);  // twice those of a message alone
}

TEST_F(EmlSidecar, FollowsWhatChanges) {
  const Receipt at = stored(one);
  one.item.keywords = {"$flagged"};
  one.item.places = {{.id = "2", .path = {"Archive"}, .role = "archive"}};
  one.item.attributes = {};
  update(at, one);
  const Json now = told(at).at("jmap:a:M1");
  EXPECT_EQ(now["keywords"], Json({"$flagged"}));
  EXPECT_EQ(now["mailboxes"][0]["path"], Json({"Archive"}));
  EXPECT_EQ(now["attributes"], Json::array());
  EXPECT_EQ(told(at).size(), 1U);
  EXPECT_EQ(staged_files(), 0U);
}

TEST_F(EmlSidecar, IsReplacedInOnePieceAndSyncedBefore) {
  const Receipt at = stored(one);
  const std::string before = slurp(file_beside(at));
  one.item.keywords = {};
  sink->update(at, one.item);
  EXPECT_EQ(slurp(file_beside(at)), before);
  counting.reset();
  sink->sync(SyncPhase::Names);
  EXPECT_NE(slurp(file_beside(at)), before);
  EXPECT_EQ(counting.syncs(), 2U) << "its data, then the folder";
}

TEST_F(EmlSidecar, IsLeftAloneWhenNothingChanged) {
  const Receipt at = stored(one);
  counting.reset();
  update(at, one);
  EXPECT_EQ(counting.syncs(), 0U);
  EXPECT_EQ(counting.count(FsCall::Write), 0U);
}

TEST_F(EmlSidecar, TakesTheLastOfSeveralUpdatesOfABatch) {
  const Receipt at = stored(one);
  for (const char* keyword : {"a", "b", "c"}) {
    one.item.keywords = {keyword};
    sink->update(at, one.item);
  }
  sink->sync(SyncPhase::Names);
  EXPECT_EQ(told(at).at("jmap:a:M1")["keywords"], Json({"c"}));
  EXPECT_EQ(staged_files(), 0U);
}

TEST_F(EmlSidecar, ComesToAFolderThatWasWrittenWithoutIt) {
  open("none");
  const Receipt at = stored(one);
  open();
  update(at, one);
  EXPECT_EQ(told(at).at("jmap:a:M1")["keywords"], Json({"$seen", "work"}));
}

TEST_F(EmlSidecar, ComesNotToAMessageThatIsNotThere) {
  const Receipt at = stored(one);
  fs::remove(root / at.location);
  fs::remove(file_beside(at));
  update(at, one);
  EXPECT_EQ(files_there(), 0U);
}

TEST_F(EmlSidecar, TellsOfEachMessageThatHasTheFile) {
  const Receipt at = stored(copy_of(one, "imap:1:9:7", "INBOX"));
  Message other = copy_of(one, "imap:2:9:3", "Archive");
  other.item.keywords = {};
  EXPECT_EQ(stored(other).location, at.location);
  EXPECT_EQ(files_there(), 2U);
  ASSERT_EQ(told(at).size(), 2U);
  EXPECT_EQ(told(at).at("imap:1:9:7")["keywords"], Json({"$seen", "work"}));
  EXPECT_EQ(told(at).at("imap:2:9:3")["mailboxes"][0]["path"], Json({"Archive"}));
}

TEST_F(EmlSidecar, TellsOfEachMessageOfOneBatchToo) {
  const Message first = copy_of(one, "imap:1:9:7", "INBOX");
  const Message second = copy_of(one, "imap:2:9:3", "Archive");
  const Staged a = sink->store(first.item, first.body());
  const Staged b = sink->store(second.item, second.body());
  sink->sync(SyncPhase::Data);
  sink->publish(a);
  sink->publish(b);
  sink->sync(SyncPhase::Names);
  EXPECT_EQ(told(receipt(first, a)).size(), 2U);
  EXPECT_EQ(staged_files(), 0U);
}

TEST_F(EmlSidecar, TellsNothingOfWhatWasDiscarded) {
  const Message first = copy_of(one, "imap:1:9:7", "INBOX");
  const Message second = copy_of(one, "imap:2:9:3", "Archive");
  const Staged a = sink->store(first.item, first.body());
  const Staged b = sink->store(second.item, second.body());
  sink->discard(a);
  sink->sync(SyncPhase::Data);
  sink->publish(b);
  sink->sync(SyncPhase::Names);
  const auto now = told(receipt(second, b));
  EXPECT_EQ(now.size(), 1U);
  EXPECT_TRUE(now.contains("imap:2:9:3"));
  EXPECT_EQ(staged_files(), 0U);
}

TEST_F(EmlSidecar, LosesNoUpdateBetweenStoreAndPublish) {
  Message first = copy_of(one, "imap:1:9:7", "INBOX");
  const Message second = copy_of(one, "imap:2:9:3", "Archive");
  const Receipt at = stored(first);
  const Staged staged = sink->store(second.item, second.body());
  first.item.keywords = {"new"};
  update(at, first);
  sink->sync(SyncPhase::Data);
  sink->publish(staged);
  sink->sync(SyncPhase::Names);
  EXPECT_EQ(told(at).size(), 2U);
  EXPECT_EQ(told(at).at("imap:1:9:7")["keywords"], Json({"new"}));
}

TEST_F(EmlSidecar, ForgetsAKeyThatAnotherUidvalidityEnded) {
  const Receipt at = stored(copy_of(one, "imap:1:9:7", "INBOX"));
  update(at, copy_of(one, "imap:1:10:1", "INBOX"));
  const auto now = told(at);
  EXPECT_EQ(now.size(), 1U);
  EXPECT_TRUE(now.contains("imap:1:10:1"));
}

TEST_F(EmlSidecar, KeepsTwoCopiesInOneMailboxApart) {
  const Receipt at = stored(copy_of(one, "imap:1:9:7", "INBOX"));
  stored(copy_of(one, "imap:1:9:8", "INBOX"));
  EXPECT_EQ(told(at).size(), 2U);
}

TEST_F(EmlSidecar, LosesNoOctetOfWhatIsNoText) {
  one.item.places = {{.id = "1", .path = {"\xff\xfe", "n\xc3\xa4\n\x1b[31m"}, .role = {}}};
  one.item.attributes = {{"gm-labels", std::string("\xc3\x28\0", 3)}};
  const Receipt at = stored(one);
  for (const char c : slurp(file_beside(at))) {
    EXPECT_TRUE(c == '\n' || (c >= ' ' && c < 0x7f));
  }
  const Json now = told(at).at("jmap:a:M1");
  EXPECT_EQ(now["mailboxes"][0]["path"][0], Json({{"octets", "fffe"}}));
  EXPECT_EQ(now["mailboxes"][0]["path"][1], "n\xc3\xa4\n\x1b[31m");
  EXPECT_EQ(now["attributes"][0]["value"], Json({{"octets", "c32800"}}));
}

TEST_F(EmlSidecar, TellsOfASecondMessageWhoseServerIdIsNoText) {
  one.item.server_id = "M\xff";
  const Receipt at = stored(copy_of(one, "imap:1:9:7", "INBOX"));
  stored(copy_of(one, "imap:1:9:8", "INBOX"));
  EXPECT_EQ(told(at).size(), 2U);
  stored(copy_of(one, "imap:1:10:8", "INBOX"));
  EXPECT_EQ(told(at).size(), 1U);  // of another UIDVALIDITY
}

TEST_F(EmlSidecar, HasANameThatFitsAndIsItsOwn) {
  const std::string stem(251, 'x');
  EXPECT_EQ(eml::sidecar_name("a.eml"), "a.json");
  EXPECT_EQ(eml::sidecar_name(std::string(250, 'x') + ".eml"), std::string(250, 'x') + ".json");
  const std::string cut = eml::sidecar_name(stem + ".eml");
  EXPECT_EQ(cut.size(), 255U);
  EXPECT_NE(cut, eml::sidecar_name(std::string(250, 'x') + "y.eml"));
  EXPECT_EQ(eml::sidecar_name("mail.txt"), "mail.txt.json");
}

TEST_F(EmlSidecar, IsThereForTheLongestName) {
  one.item.name = std::string(300, 'x');
  const Receipt at = stored(one);
  EXPECT_EQ(at.location.size(), 255U);
  EXPECT_EQ(told(at).size(), 1U);
  sink->remove(at, Removal::Delete);
  EXPECT_EQ(files_there(), 0U);
}

TEST_F(EmlSidecar, IsNoMessageToAScan) {
  const Receipt at = stored(one);
  std::ofstream(root / "theirs.json") << "{}";
  std::vector<std::string> found;
  sink->scan([&](const Found& each) { found.push_back(each.location); });
  EXPECT_EQ(found, (std::vector<std::string>{at.location, "theirs.json"}));
}

TEST_F(EmlSidecar, ReplacesNoFileOfSomebodyElse) {
  fs::create_directories(root);
  std::ofstream(root / "20231114_221320_M1_x.json") << "{}";
  const Receipt at = stored(one);
  EXPECT_EQ(at.location, "20231114_221320_M1_x (2).eml");
  EXPECT_EQ(slurp(root / "20231114_221320_M1_x.json"), "{}");
  EXPECT_EQ(told(at).size(), 1U);
}

TEST_F(EmlSidecar, ReplacesNoFileThatCameSinceStore) {
  const Staged staged = sink->store(one.item, one.body());
  const Receipt at = receipt(one, staged);
  std::ofstream(file_beside(at)) << "theirs";
  sink->sync(SyncPhase::Data);
  EXPECT_THROW(sink->publish(staged), Error);
  EXPECT_EQ(slurp(file_beside(at)), "theirs");
  EXPECT_FALSE(fs::exists(root / at.location));
  sink->discard(staged);
  EXPECT_EQ(staged_files(), 0U);
}

TEST_F(EmlSidecar, IsTakenBackWhenItsMessageIsRefused) {
  const Staged staged = sink->store(one.item, one.body());
  const Receipt at = receipt(one, staged);
  std::ofstream(root / at.location) << "theirs";
  sink->sync(SyncPhase::Data);
  EXPECT_THROW(sink->publish(staged), Error);
  EXPECT_FALSE(fs::exists(file_beside(at)));
}

TEST_F(EmlSidecar, SaysNothingOfAFileThatSomebodyPutIntoItsPlace) {
  const Receipt at = stored(one);
  fs::remove(file_beside(at));
  std::ofstream(file_beside(at)) << std::string(100'000, '[');
  one.item.keywords = {};
  update(at, one);
  EXPECT_EQ(slurp(file_beside(at)), std::string(100'000, '['));
  EXPECT_TRUE(host.logged("another file has its name"));
}

TEST_F(EmlSidecar, FollowsNoLink) {
  const Receipt at = stored(one);
  fs::rename(file_beside(at), dir / "victim");
  fs::create_symlink(dir / "victim", file_beside(at));
  const std::string before = slurp(dir / "victim");
  one.item.keywords = {};
  update(at, one);
  EXPECT_EQ(slurp(dir / "victim"), before);
  EXPECT_TRUE(fs::is_symlink(file_beside(at)));
}

TEST_F(EmlSidecar, GoesWhereItsMessageGoes) {
  const Receipt at = stored(one);
  const std::string text = slurp(file_beside(at));
  sink->remove(at, Removal::Trash);
  sink->sync(SyncPhase::Names);
  EXPECT_EQ(files_there(), 0U);
  const fs::path trash = dir / "root.mailpipe-trash/20231114_221320";
  EXPECT_EQ(slurp(trash / eml::sidecar_name(at.location)), text);
}

TEST_F(EmlSidecar, GoesWithItsMessageAlsoOnceTurnedOff) {
  const Receipt at = stored(one);
  open("none");
  sink->remove(at, Removal::Delete);
  EXPECT_EQ(files_there(), 0U);
}

TEST_F(EmlSidecar, IsThereAfterAKillAnywhereWhileStoring) {
  std::optional<Staged> staged;
  kill_everywhere([&] { staged.reset(); },
                  [&](Sink& killed) {
                    staged = killed.store(one.item, one.body());
                    killed.sync(SyncPhase::Data);
                    killed.publish(*staged);
                    killed.sync(SyncPhase::Names);
                  },
                  [&] {
                    const Receipt at = finish(one, staged);
                    EXPECT_EQ(told(at).at("jmap:a:M1")["keywords"], Json({"$seen", "work"}));
                    EXPECT_EQ(files_there(), 2U);
                  });
}

TEST_F(EmlSidecar, IsTrueAfterAKillAnywhereWhileASecondMessageComes) {
  const Message first = copy_of(one, "imap:1:9:7", "INBOX");
  const Message second = copy_of(one, "imap:2:9:3", "Archive");
  std::optional<Staged> staged;
  kill_everywhere(
      [&] {
        staged.reset();
        stored(first);
      },
      [&](Sink& killed) {
        staged = killed.store(second.item, second.body());
        killed.sync(SyncPhase::Data);
        killed.publish(*staged);
        killed.sync(SyncPhase::Names);
      },
      [&] {
        EXPECT_EQ(told(finish(second, staged)).size(), 2U);
        EXPECT_EQ(files_there(), 2U);
      });
}

TEST_F(EmlSidecar, IsTrueAfterAKillAnywhereWhileUpdating) {
  Message changed = one;
  changed.item.keywords = {"$flagged"};
  Receipt at;
  kill_everywhere([&] { at = stored(one); },
                  [&](Sink& killed) {
                    killed.update(at, changed.item);
                    killed.sync(SyncPhase::Names);
                  },
                  [&] {
                    sink->sweep();
                    update(at, changed);
                    EXPECT_EQ(told(at).at("jmap:a:M1")["keywords"], Json({"$flagged"}));
                    EXPECT_EQ(files_there(), 2U);
                  });
}

TEST_F(EmlSidecar, IsGoneAfterAKillAnywhereWhileRemoving) {
  for (const Removal how : {Removal::Trash, Removal::Delete}) {
    Receipt at;
    kill_everywhere([&] { at = stored(one); },
                    [&](Sink& killed) {
                      killed.remove(at, how);
                      killed.sync(SyncPhase::Names);
                    },
                    [&] {
                      sink->remove(at, how);
                      sink->sync(SyncPhase::Names);
                      EXPECT_EQ(files_there(), 0U);
                    });
  }
}

TEST_F(EmlSidecar, AMessageWhoseSidecarAPowerCutTookComesAgain) {
  const Receipt at = stored(one);
  fs::remove(file_beside(at));
  open();
  EXPECT_FALSE(sink->recover({at, ""}));
  EXPECT_EQ(stored(one).location, at.location);
  EXPECT_EQ(told(at).size(), 1U);
}

TEST_F(EmlSidecar, ASidecarWhoseMessageAPowerCutTookGoes) {
  const Receipt at = stored(one);
  fs::remove(root / at.location);
  open();
  EXPECT_FALSE(sink->recover({at, "mp-0123456789abcdef-1"}));
  sink->sync(SyncPhase::Names);
  EXPECT_EQ(files_there(), 0U);
}

/// Asked without a staging: the message was being taken away, and its sidecar goes where it went.
TEST_F(EmlSidecar, ASidecarWhoseMessageWasTakenAwayWaitsForItsRemoval) {
  const Receipt at = stored(one);
  fs::remove(root / at.location);
  open();
  EXPECT_FALSE(sink->recover({at, ""}));
  EXPECT_EQ(files_there(), 1U);
  sink->remove(at, Removal::Trash);
  sink->sync(SyncPhase::Names);
  EXPECT_EQ(files_there(), 0U);
}

}  // namespace
}  // namespace mailpipe::test
