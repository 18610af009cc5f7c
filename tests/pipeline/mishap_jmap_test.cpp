#include "pipeline/mishap_fixture.hpp"

#include <atomic>

namespace mailpipe::test {
namespace {

using Json = nlohmann::json;

/// JMAP's own errors (RFC 8620 3.6 and 5).
class MishapJmap : public MishapRun {
 protected:
  /// The method fails `times` times with that, from the first call on.
  void fail(const std::string& method, const std::string& error, std::size_t times = kForEver) {
    auto count = std::make_shared<std::size_t>(0);
    jmap_->override_method(method, [=](const Json&, Json answer) {
      return (*count)++ < times ? FakeJmap::error(error) : answer;
    });
  }

  void heal(const std::string& method) {
    jmap_->override_method(method, [](const Json&, Json answer) { return answer; });
  }

  void expect_ends_and_heals(const std::string& method, const std::string& error, int code) {
    fail(method, error);
    expect_end(run(), code, {method, error});
    heal(method);
    expect_whole_after_a_quiet_run();
  }
};

TEST_F(MishapJmap, AnAccountThatIsNotThereIsExit2) {
  expect_ends_and_heals("Email/query", "accountNotFound", 2);
}

TEST_F(MishapJmap, AnUnknownErrorIsExit1) {
  expect_ends_and_heals("Email/query", "somethingOfOurOwn", 1);
}

TEST_F(MishapJmap, AnUnknownMethodIsExit1) {
  expect_ends_and_heals("Email/query", "unknownMethod", 1);
}

TEST_F(MishapJmap, ALimitThatLastsIsExit75) {
  expect_ends_and_heals("Email/query", "limit", 75);
}

TEST_F(MishapJmap, AServerThatIsNotAvailableIsExit75) {
  expect_ends_and_heals("Email/query", "serverUnavailable", 75);
}

TEST_F(MishapJmap, ALimitThatPassesIsWaitedFor) {
  fail("Email/query", "limit", 1);
  expect_end(run({.budget = "1m"}), 0, {"trying again"});
  expect_whole();
}

TEST_F(MishapJmap, ARequestTooLargeIsAskedInSmallerParts) {
  jmap_->override_method("Email/get", [](const Json& arguments, Json answer) {
    return arguments["ids"].size() > 3 ? FakeJmap::error("requestTooLarge") : answer;
  });
  expect_end(run(), 0, {});
  expect_whole();
}

TEST_F(MishapJmap, ARequestThatIsAlwaysTooLargeIsExit1) {
  expect_ends_and_heals("Email/query", "requestTooLarge", 1);
}

TEST_F(MishapJmap, AWholeRequestThatIsTooLargeIsExit1) {
  jmap_->on_request(at(kApi, 0, kForEver,
                       Reply::error(400, R"({"type":"urn:ietf:params:jmap:error:limit",)"
                                         R"("limit":"maxSizeRequest"})")));
  expect_end(run(), 1, {"limit"});
  expect_whole_after_a_quiet_run();
}

TEST_F(MishapJmap, TooManyChangesAreAskedInSmallerParts) {
  expect_end(run(), 0, {});
  add("later1");
  add("later2");
  add("later3");
  jmap_->override_method("Email/changes", [](const Json& arguments, Json answer) {
    return arguments.value("maxChanges", 1000) > 2 ? FakeJmap::error("tooManyChanges") : answer;
  });
  expect_end(run(), 0, {});
  expect_whole();
}

TEST_F(MishapJmap, ChangesThatCannotBeCalculatedLeadToACompleteListing) {
  expect_end(run(), 0, {});
  add("later");
  fail("Email/changes", "cannotCalculateChanges", 1);
  const std::size_t blobs = jmap_->http().requests(kBlobs);
  expect_end(run(), 0, {"listing everything again"});
  expect_whole();
  EXPECT_EQ(jmap_->http().requests(kBlobs), blobs + 1);
}

TEST_F(MishapJmap, AnAnchorThatWasDeletedMeanwhileLosesNothing) {
  jmap_->edit_session([](Json& session) {
    session["capabilities"]["urn:ietf:params:jmap:core"]["maxObjectsInGet"] = 2;
  });
  auto done = std::make_shared<std::atomic<bool>>(false);
  jmap_->override_method("Email/query", [=](const Json& arguments, Json answer) {
    if (arguments.contains("anchor") && !done->exchange(true)) {
      return FakeJmap::error("anchorNotFound");
    }
    return answer;
  });
  expect_end(run(), 0, {});
  EXPECT_TRUE(*done);
  expect_whole();
}

TEST_F(MishapJmap, AnchorsThatAreNeverFoundEndTheRun) {
  jmap_->edit_session([](Json& session) {
    session["capabilities"]["urn:ietf:params:jmap:core"]["maxObjectsInGet"] = 2;
  });
  jmap_->override_method("Email/query", [](const Json& arguments, Json answer) {
    return arguments.contains("anchor") ? FakeJmap::error("anchorNotFound") : answer;
  });
  expect_end(run(), 1, {"anchorNotFound"});
  heal("Email/query");
  expect_whole_after_a_quiet_run();
}

TEST_F(MishapJmap, AMessageThatEmailGetGivesTwiceOrUnaskedIsStoredOnce) {
  jmap_->edit_session([](Json& session) {
    session["capabilities"]["urn:ietf:params:jmap:core"]["maxObjectsInGet"] = 3;
  });
  auto first = std::make_shared<Json>();
  jmap_->override_method("Email/get", [=](const Json&, Json answer) {
    if (!answer["list"].empty()) {
      *first = first->is_null() ? answer["list"][0] : *first;
      answer["list"].push_back(*first);
      answer["list"].push_back(answer["list"][0]);
    }
    return answer;
  });
  expect_end(run(), 0, {});
  expect_whole();
  heal("Email/get");
  expect_whole_after_a_quiet_run();
}

TEST_F(MishapJmap, ChangesOfMessagesThatWereNeverToldAreTaken) {
  expect_end(run(), 0, {});
  add("later");
  jmap_->override_method("Email/changes", [](const Json&, Json answer) {
    answer["updated"].swap(answer["created"]);
    answer["destroyed"].push_back("nobody");
    return answer;
  });
  expect_end(run(), 0, {});
  expect_whole();
}

TEST_F(MishapJmap, AMessageInNoMailboxOrInOneThatThereIsNotIsStored) {
  jmap_->add({.id = "nowhere", .bytes = "Subject: nowhere\r\n\r\n", .mailboxes = {}});
  jmap_->add({.id = "lost", .bytes = "Subject: lost\r\n\r\n", .mailboxes = {"no-such-mailbox"}});
  expected_.insert({"Subject: nowhere\r\n\r\n", "Subject: lost\r\n\r\n"});
  expect_end(run(), 0, {});
  expect_whole();
}

TEST_F(MishapJmap, MailboxesOfOneNameKeepTheirMail) {
  jmap_->add_mailbox("a", "Work");
  jmap_->add_mailbox("b", "Work");
  jmap_->add_mailbox("c", "../../Work");
  int number = 0;
  for (const char* mailbox : {"a", "b", "c", "a"}) {
    const std::string bytes = "Subject: " + std::to_string(++number) + "\r\n\r\n";
    jmap_->add({.id = "w" + std::to_string(number), .bytes = bytes, .mailboxes = {mailbox}});
    expected_.insert(bytes);
  }
  expect_end(run(), 0, {});
  expect_whole();
}

}  // namespace
}  // namespace mailpipe::test
