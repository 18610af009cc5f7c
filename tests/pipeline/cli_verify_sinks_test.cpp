// `mailpipe verify` on sinks that are more than one file a message: an mbox, .eml with sidecars.
#include "pipeline/inquiry_fixture.hpp"

namespace mailpipe::test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

class CliVerifySinks : public InquiryRun {
 protected:
  void SetUp() override {
    start(0);
    for (const char* id : {"m0", "m1", "m2"}) {
      add(id, "2024-01-01T00:00:00Z");
    }
  }

  void write_sink(const std::string& sink) const {
    std::ofstream(file())
        << "version: 1\nname: demo\nsource:\n  type: jmap\n  with:\n    session_url: "
        << session_url_ << "\n    token: { $env: MISHAP_TOKEN }\nsinks:\n"
        << sink << "run:\n  retry: { budget: 1m, max_backoff: 1s }\n";
  }

  json verified(std::vector<std::string> words = {}) {
    words.insert(words.begin(), "verify");
    words.push_back(file());
    return ask_json(std::move(words));
  }
};

class CliVerifyMbox : public CliVerifySinks {
 protected:
  void SetUp() override {
    CliVerifySinks::SetUp();
    write_sink("  - type: mbox\n    with: { path: ./all.mbox, layout: single }\n");
    EXPECT_EQ(ask({"run", file()}).exit_code, 0);
    expect_clean();
  }

  fs::path box() const { return dir_ / "all.mbox"; }

  std::string text() const { return text_of(box()); }

  void replace(const std::string& text) const {
    std::ofstream(box(), std::ios::binary | std::ios::trunc) << text;
  }

  void change(const std::string& from, const std::string& to) const {
    std::string all = text();
    all.replace(all.find(from), from.size(), to);
    replace(all);
  }

  void expect_clean() {
    const json report = verified();
    EXPECT_EQ(report.at("exit_code"), 0) << report.dump(2);
    EXPECT_EQ(report.at("sinks").at(0).at("copies"), 3);
  }

  void expect_found(const std::multiset<std::string>& expected) {
    const json report = verified();
    std::multiset<std::string> found;
    for (const json& one : report.at("findings")) {
      found.insert(one.at("kind").get<std::string>() + " " + one.value("key", ""));
    }
    EXPECT_EQ(found, expected) << report.dump(2);
    EXPECT_EQ(report.at("exit_code"), expected.empty() ? 0 : 1);
  }
};

TEST_F(CliVerifyMbox, FindsAFlippedBit) {
  change("body of m1", "bodx of m1");
  expect_found({"damaged jmap:a1:m1"});
}

TEST_F(CliVerifyMbox, ATwinIsNoCopyOfADamagedMessage) {
  jmap_->add({.id = "m3", .bytes = bytes_of("m1"), .received_at = "2024-01-02T00:00:00Z"});
  EXPECT_EQ(ask({"run", file()}).exit_code, 0);
  change("body of m1", "bodx of m1");
  expect_found({"damaged jmap:a1:m1"});
}

TEST_F(CliVerifyMbox, FindsWhatACutTailTook) {
  replace(text().substr(0, text().size() - 10));
  expect_found({"truncated jmap:a1:m2"});
  replace(text().substr(0, text().rfind("\nFrom ") + 1));
  expect_found({"missing jmap:a1:m2"});
}

TEST_F(CliVerifyMbox, AMessageOfSomebodyElseIsNoFault) {
  const std::string theirs = "From bob@example.net Mon Jan  1 00:00:00 2024\nSubject: hi\n\nhi\n\n";
  replace(text() + theirs);
  expect_found({});
  EXPECT_EQ(verified().at("sinks").at(0).at("others"), 1);
  const Finished result = ask({"verify", file()});
  EXPECT_TRUE(contains(result.out, "all well; 1 message of others")) << result.out;
}

TEST_F(CliVerifyMbox, FindsMessagesThatMovedWithinTheFile) {
  const std::string theirs = "From bob@example.net Mon Jan  1 00:00:00 2024\nSubject: hi\n\nhi\n\n";
  replace(theirs + text());
  expect_found({});
  EXPECT_EQ(verified().at("sinks").at(0).at("others"), 1);
  change(theirs, "");
  replace(text().substr(text().find("\nFrom ") + 1));
  expect_found({"missing jmap:a1:m0"});
}

TEST_F(CliVerifyMbox, RepairsNothingAndSaysSo) {
  change("body of m1", "bodx of m1");
  const std::string before = text();
  const Finished result = ask({"verify", "--repair", file()});
  EXPECT_EQ(result.exit_code, 1) << result.err;
  EXPECT_TRUE(contains(result.out, "only reported on")) << result.out;
  EXPECT_TRUE(contains(result.out, "0 repaired, 0 lost, 1 not repaired")) << result.out;
  EXPECT_EQ(text(), before);
}

TEST_F(CliVerifyMbox, ABoxThatIsShorterIsNotRepairedEither) {
  replace(text().substr(0, text().size() - 10));
  const std::string before = text();
  const Finished result = ask({"verify", "--repair", file()});
  EXPECT_EQ(result.exit_code, 1) << result.out << result.err;
  EXPECT_TRUE(contains(result.out, "0 repaired, 0 lost, 1 not repaired")) << result.out;
  EXPECT_EQ(text(), before);
}

class CliVerifySidecars : public CliVerifySinks {
 protected:
  void SetUp() override {
    CliVerifySinks::SetUp();
    write_sink("  - type: eml\n    with: { path: ./mail, sidecar: json }\n");
    EXPECT_EQ(ask({"run", file()}).exit_code, 0);
  }

  fs::path eml(const std::string& id) const {
    for (const auto& entry : fs::directory_iterator(mail_)) {
      if (entry.path().extension() == ".eml" &&
          contains(entry.path().filename().string(), "_" + id + "_")) {
        return entry.path();
      }
    }
    return {};
  }
};

TEST_F(CliVerifySidecars, AreNotExtra) {
  ASSERT_TRUE(fs::exists(eml("m0").replace_extension(".json")));
  const json report = verified();
  EXPECT_EQ(report.at("exit_code"), 0) << report.dump(2);
  EXPECT_TRUE(report.at("findings").empty()) << report.dump(2);
}

TEST_F(CliVerifySidecars, ComeBackWithWhatIsRepaired) {
  const fs::path name = eml("m1");
  const std::string sidecar = text_of(fs::path(name).replace_extension(".json"));
  std::ofstream(name, std::ios::app) << "x";
  const json report = verified({"--repair"});
  EXPECT_EQ(report.at("ends").at("repaired"), 1) << report.dump(2);
  EXPECT_EQ(text_of(name), bytes_of("m1"));
  EXPECT_EQ(text_of(fs::path(name).replace_extension(".json")), sidecar);
  EXPECT_EQ(verified().at("exit_code"), 0);
}

// It has nothing to lose, so looking at the others goes on.
TEST_F(CliVerifySinks, ABestEffortOneThatNoRunCouldOpenLacksAll) {
  fs::create_directory(dir_ / "away");
  std::ofstream(dir_ / "away/foreign") << "x";
  write_sink(
      "  - type: eml\n    with: { path: ./mail }\n"
      "  - type: eml\n    id: away\n    best_effort: true\n    with: { path: ./away }\n");
  EXPECT_EQ(ask({"run", file()}).exit_code, 0);
  const json report = verified();
  ASSERT_EQ(report.at("sinks").size(), 2U) << report.dump(2);
  EXPECT_EQ(report.at("sinks").at(0).at("copies"), 3);
  EXPECT_EQ(report.at("sinks").at(1).at("not_stored"), 3);
}

}  // namespace
}  // namespace mailpipe::test
