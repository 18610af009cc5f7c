#include "jmap_source_fixture.hpp"
#include "support/cyrus_server.hpp"
#include "support/jmap_account.hpp"
#include "support/sample_mail.hpp"

#include <mailpipe/testing/fake_queue.hpp>

#include <map>
#include <set>

namespace mailpipe::jmap {
namespace {

using mailpipe::testing::CyrusServer;
using mailpipe::testing::CyrusTest;
using mailpipe::testing::JmapAccount;
using test::FakeQueue;
using test::RecordingEmitter;

/// source-jmap against a real Cyrus. What it should have seen comes from JmapAccount, which shares no code with it.
class JmapCyrus : public CyrusTest {
 protected:
  void SetUp() override {
    CyrusTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) {
      return;
    }
    user_ = server().fresh_user();
    account_ = std::make_unique<JmapAccount>(server(), user_);
    source_ = make(server().https_url());
  }

  std::unique_ptr<TestSource> make(const std::string& url) {
    const nlohmann::json login = {{"token", nullptr},
                                  {"user", user_},
                                  {"password", {{"$secret", "/password"}}},
                                  {"ca_file", server().ca_file()}};
    auto source = std::make_unique<TestSource>(url, login);
    source->fake.secrets["/password"] = CyrusServer::password();
    return source;
  }

  static std::string message(const std::string& subject) {
    return "From: a@example.org\r\nTo: b@example.org\r\nDate: Mon, 1 Jan 2024 00:00:00 "
           "+0000\r\nMessage-ID: <" +
           subject + "@example.org>\r\nSubject: " + subject + "\r\n\r\nbody of " + subject + "\r\n";
  }

  /// Downloads everything that a listing told of.
  std::map<std::string, std::string> fetch(TestSource& source, const RecordingEmitter& told) {
    FakeQueue queue;
    for (const Event& event : told.events) {
      if (event.kind == EventKind::Listed) {
        Work work;
        work.key = event.item.key;
        work.ref = event.item.ref;
        work.server_id = event.item.server_id;
        work.size = event.item.size;
        queue.put(work);
      }
    }
    source.source->fetch(queue);
    for (const auto& [id, failure] : queue.failed) {
      ADD_FAILURE() << id << ": " << failure.what;
    }
    return queue.delivered;
  }

  void expect_all(TestSource& source) {
    const RecordingEmitter told = source.list();
    const auto bodies = fetch(source, told);
    const auto emails = account_->emails();
    ASSERT_EQ(bodies.size(), emails.size());
    std::map<std::string, Item> items;
    for (const Event& event : told.events) {
      if (event.kind == EventKind::Listed) {
        items[event.item.server_id] = event.item;
      }
    }
    for (const auto& email : emails) {
      EXPECT_EQ(bodies.at(email.id), account_->download(email.blob_id)) << email.id;
      EXPECT_EQ(items.at(email.id).size, email.size);
      EXPECT_EQ(items.at(email.id).places.size(), email.mailbox_ids.size());
      EXPECT_EQ(std::set<std::string>(items.at(email.id).keywords.begin(),
                                      items.at(email.id).keywords.end()),
                email.keywords);
    }
  }

  std::string user_;
  std::unique_ptr<JmapAccount> account_;
  std::unique_ptr<TestSource> source_;
};

TEST_F(JmapCyrus, GivesEveryMessageOctetForOctetOverHttp2) {
  mailpipe::testing::FillOptions how;
  how.messages = 150;
  mailpipe::testing::fill(server().imap_port(), user_, CyrusServer::password(), how);
  expect_all(*source_);
  EXPECT_LE(source_->fake.counted("connections"), 6U);
}

TEST_F(JmapCyrus, GivesTheSameOverPlainHttp11) {
  account_->import_message(message("one"),
                           {{}, {"$seen", "$flagged", "mytag"}, "2019-05-06T07:08:09Z"});
  account_->import_message(message("two"));
  const auto plain = make(server().http_url());
  expect_all(*plain);
}

TEST_F(JmapCyrus, ListsEachMessageOnceThoughAllHaveOneDate) {
  std::set<std::string> ids;
  for (int i = 0; i < 7; ++i) {
    ids.insert(account_->import_message(message("page" + std::to_string(i)),
                                        {{}, {}, "2020-01-01T00:00:00Z"}));
  }
  const RecordingEmitter told = source_->list();
  const Strings listed = told.ids(EventKind::Listed);
  EXPECT_EQ(std::set<std::string>(listed.begin(), listed.end()), ids);
}

TEST_F(JmapCyrus, CostsAtMostThreeRequestsWhenNothingIsNew) {
  account_->import_message(message("one"));
  const RecordingEmitter before = source_->list();
  const auto next = make(server().https_url());
  const RecordingEmitter told = next->list_after(before);
  EXPECT_LE(next->fake.counted("http_requests"), 3U);
  EXPECT_TRUE(told.events.empty());
}

TEST_F(JmapCyrus, TellsWhatHappenedSinceTheLastRun) {
  const std::string moved = account_->import_message(message("moved"));
  const std::string deleted = account_->import_message(message("deleted"));
  const RecordingEmitter before = source_->list();
  server().deliver(user_, message("delivered"));
  const std::string imported =
      account_->import_message(message("imported"), {{}, {}, "2021-01-01T00:00:00Z"});
  account_->move(moved, {account_->mailbox("Archive")});
  account_->destroy(deleted);
  const RecordingEmitter told = source_->list_after(before);
  const Strings fresh = told.ids(EventKind::Listed);
  EXPECT_EQ(fresh.size(), 2U);
  EXPECT_NE(std::find(fresh.begin(), fresh.end(), imported), fresh.end());
  EXPECT_EQ(told.ids(EventKind::Changed), Strings{moved});
  EXPECT_EQ(told.last(EventKind::Changed).item.places.at(0).id, account_->mailbox("Archive"));
  EXPECT_EQ(told.ids(EventKind::Removed),
            Strings{"jmap:" + account_->account_id() + ":" + deleted});
  EXPECT_EQ(fetch(*source_, told).size(), 2U);
}

TEST_F(JmapCyrus, TellsMailboxesThatAreMadeRenamedAndRemoved) {
  const RecordingEmitter before = source_->list();
  EXPECT_EQ(before.last(EventKind::Mailbox).mailbox.path.size(), 1U);
  const std::string lists = account_->create_mailbox("Lists");
  const std::string dev = account_->create_mailbox("dev", lists);
  const RecordingEmitter made = source_->list_after(before);
  const Strings ids = made.ids(EventKind::Mailbox);
  ASSERT_NE(std::find(ids.begin(), ids.end(), dev), ids.end());
  account_->rename_mailbox(lists, "Groups");
  const RecordingEmitter renamed = source_->list_after(made);
  std::vector<std::string> path;
  for (const Event& event : renamed.events) {
    if (event.kind == EventKind::Mailbox && event.mailbox.id == dev) {
      path = event.mailbox.path;
    }
  }
  EXPECT_EQ(path, (Strings{"Groups", "dev"}));
  account_->destroy_mailbox(dev);
  RecordingEmitter removed;
  const Error error = source_->list_failure_of(removed, renamed.names.at(0), renamed.cursors());
  EXPECT_EQ(error.error_class(), ErrorClass::CursorLost)
      << "Cyrus forgets the states of mail when a mailbox goes";
  const Strings left = source_->list().ids(EventKind::Mailbox);
  EXPECT_NE(std::find(left.begin(), left.end(), lists), left.end());
  EXPECT_EQ(std::find(left.begin(), left.end(), dev), left.end());
}

TEST_F(JmapCyrus, TakesMailThatIsDeliveredWhileListing) {
  account_->import_message(message("one"));
  RecordingEmitter told;
  bool delivered = false;
  told.on_event = [&](const Event& event) {
    if (event.kind == EventKind::ListingBegin && !delivered) {
      delivered = true;
      account_->import_message(message("late"), {{}, {}, "1999-01-01T00:00:00Z"});
    }
  };
  source_->source->list({}, told);
  const Strings listed = told.ids(EventKind::Listed);
  EXPECT_EQ(std::set<std::string>(listed.begin(), listed.end()).size(), 2U);
}

TEST_F(JmapCyrus, CallsAMessageGoneThatWasDestroyedSinceItWasListed) {
  const std::string id = account_->import_message(message("one"));
  const RecordingEmitter told = source_->list();
  account_->destroy(id);
  FakeQueue queue;
  Work work;
  work.key = told.last(EventKind::Listed).item.key;
  work.server_id = id;
  work.ref = "G0000000000000000000000000000000000000000";
  queue.put(work);
  source_->source->fetch(queue);
  EXPECT_EQ(queue.gone_ids, std::set<std::string>{id});
}

TEST_F(JmapCyrus, RefusesAWrongPassword) {
  source_->fake.secrets["/password"] = "wrong";
  EXPECT_EQ(source_->list_failure().error_class(), ErrorClass::Auth);
}

TEST_F(JmapCyrus, ListsAnewWhenTheStateMeansNothingToTheServer) {
  RecordingEmitter told = source_->list();
  const Cursors nonsense = {{1, told.names.at(0), R"({"email":"nonsense","mailbox":"0","v":1})"}};
  RecordingEmitter next;
  EXPECT_EQ(source_->list_failure_of(next, told.names.at(0), nonsense).error_class(),
            ErrorClass::CursorLost);
}

}  // namespace
}  // namespace mailpipe::jmap
