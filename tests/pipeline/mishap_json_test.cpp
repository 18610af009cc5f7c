#include "pipeline/mishap_fixture.hpp"

namespace mailpipe::test {
namespace {

using Json = nlohmann::json;

/// A server that sends JSON meant to break us.
class MishapJson : public MishapRun {
 protected:
  static void expect_bounded([[maybe_unused]] const Finished& result) {
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    EXPECT_LT(result.peak_kib, 256 * 1024);
#endif
  }

  /// That answer, wherever JSON is expected.
  void expect_refused_everywhere(const Reply& reply, const std::string& why) {
    for (const char* place : {kSession, kApi}) {
      jmap_->on_request(at(place, 0, kForEver, reply));
      const Finished result = run();
      expect_end(result, 1, {"127.0.0.1", why});
      expect_bounded(result);
    }
    expect_whole_after_a_quiet_run();
  }

  /// Every listed message as the server would say it, changed.
  void expect_refused_email(const std::function<void(Json&)>& change) {
    jmap_->override_method("Email/get", [&](const Json&, Json answer) {
      for (Json& email : answer["list"]) {
        change(email);
      }
      return answer;
    });
    expect_end(run(), 1, {"Email/get"});
    EXPECT_TRUE(stored().empty());
    jmap_->override_method("Email/get", [](const Json&, Json answer) { return answer; });
  }
};

TEST_F(MishapJson, AnEndlessAnswerIsCutOff) {
  Reply endless = Reply::json("[" + std::string(1U << 20U, ' '));
  endless.endless = true;
  endless.ending = Reply::Ending::Close;
  expect_refused_everywhere(endless, "longer than allowed");
}

TEST_F(MishapJson, AGzipBombIsCutOff) {
  expect_refused_everywhere(Reply::json(gzip_bomb(512ULL << 20U)).with("Content-Encoding", "gzip"),
                            "longer than allowed");
}

TEST_F(MishapJson, DeepNestingIsRefused) {
  expect_refused_everywhere(Reply::json(std::string(100'000, '[')), "nested too deep");
  expect_refused_everywhere(Reply::json(std::string(100'000, '[') + std::string(100'000, ']')),
                            "nested too deep");
}

TEST_F(MishapJson, AnAnswerThatIsNoJsonIsRefused) {
  expect_refused_everywhere(Reply::json("<html>\x1b[31mlogin</html>"), "is no JSON");
}

TEST_F(MishapJson, WrongTypesAreRefused) {
  for (const char* property : {"id", "blobId", "size", "receivedAt", "mailboxIds", "keywords"}) {
    for (const Json& wrong : {Json(nullptr), Json(true), Json(-1), Json(1.5), Json::array({1})}) {
      expect_refused_email([&](Json& email) { email[property] = wrong; });
    }
  }
  expect_whole_after_a_quiet_run();
}

TEST_F(MishapJson, HostileIdsAreRefused) {
  for (const std::string& id :
       {std::string("../../etc/x"), std::string("a\0b", 3), std::string(300, 'a'), std::string(),
        std::string("a b"), std::string("a\x1b[2Jb"), std::string("a:b")}) {
    expect_refused_email([&](Json& email) { email["id"] = id; });
    expect_refused_email([&](Json& email) { email["blobId"] = id; });
  }
  expect_whole_after_a_quiet_run();
}

TEST_F(MishapJson, AQueryThatNeverEndsIsFoundOut) {
  jmap_->override_method("Email/query", [](const Json&, Json answer) {
    answer["ids"] = {"m0", "m1", "m2"};
    return answer;
  });
  expect_end(run(), 1, {"the server's pages never end"});
  jmap_->override_method("Email/query", [](const Json&, Json answer) { return answer; });
  expect_whole_after_a_quiet_run();
}

TEST_F(MishapJson, ChangesThatNeverEndAreFoundOut) {
  expect_end(run(), 0, {});
  jmap_->override_method("Email/changes", [](const Json& arguments, Json answer) {
    answer["hasMoreChanges"] = true;
    answer["newState"] = arguments["sinceState"] == "8" ? "7" : "8";
    return answer;
  });
  expect_end(run(), 1, {"never end"});
  jmap_->override_method("Email/changes", [](const Json&, Json answer) { return answer; });
  expect_whole_after_a_quiet_run();
}

}  // namespace
}  // namespace mailpipe::test
