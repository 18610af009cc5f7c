#pragma once

#include "pipeline/canary.hpp"
#include "pipeline/cli.hpp"
#include "support/fake_jmap.hpp"
#include "support/model_imap_server.hpp"

#include <mailpipe/testing/temp_dir.hpp>

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace mailpipe::test {

/// The real program on scripted servers, a canary in one secret option at a time, and the search for it in all that the
/// program leaves behind.
class CanaryRun : public ::testing::Test {
 protected:
  /// Component and JSON pointer: {"imap", "/password"}.
  using Option = std::pair<std::string, std::string>;

  enum class Way { Env, Default, File, Command, Literal };

  static constexpr std::array kWays = {Way::Env, Way::Default, Way::File, Way::Command,
                                       Way::Literal};

  /// What stands beside the option, so that the component reads it. An option that is not here has no test.
  static const std::map<Option, std::string>& companions() {
    static const std::map<Option, std::string> all{
        {{"jmap", "/token"}, ""},
        {{"jmap", "/password"}, "user: anna"},
        {{"imap", "/token"}, "user: anna"},
        {{"imap", "/password"}, "user: anna"},
        {{"jmap", "/proxy_password"}, "token: { $env: OTHER }\n    proxy_user: anna"},
        {{"imap", "/proxy_password"},
         "user: anna\n    password: { $env: OTHER }\n    proxy_user: anna"},
    };
    return all;
  }

  void SetUp() override {
    jmap_.add({.id = "m1", .bytes = "Subject: one\r\n\r\none\r\n"});
    jmap_.add({.id = "m2", .bytes = "Subject: two\r\n\r\ntwo\r\n"});
    std::ofstream(dir_ / "canary.secret") << Canary::value() << "\n";
    std::filesystem::permissions(dir_ / "canary.secret", std::filesystem::perms{0600});
    ModelOptions imap;
    imap.capabilities = "LITERAL+ SASL-IR AUTH=PLAIN AUTH=XOAUTH2 LIST-EXTENDED LIST-STATUS";
    imap.password = Canary::value();
    imap.tokens = {Canary::value()};
    imap_ = std::make_unique<ModelImapServer>(std::move(imap));
    imap_->append("INBOX", 3);
    proxy_.on("", [](const HttpSeen&) {
      return Reply::error(407, Canary::echo()).with("Proxy-Authenticate", "Basic realm=\"a\"");
    });
  }

  static bool is_for_proxy(const Option& option) { return option.second == "/proxy_password"; }

  std::string written(Way way) const {
    const std::string file = (dir_ / "canary.secret").string();
    switch (way) {
      case Way::Env:
        return "{ $env: CANARY }";
      case Way::Default:
        return "{ $env: CANARY_NOT_SET, default: " + Canary::yaml() + " }";
      case Way::File:
        return "{ $file: " + file + " }";
      case Way::Command:
        return "{ $command: [cat, " + file + "] }";
      case Way::Literal:
        break;
    }
    return Canary::yaml();
  }

  /// The pipeline file.
  std::string write(const Option& option, Way way, const std::string& name = "demo") const {
    const std::string file = (dir_ / (name + ".yaml")).string();
    std::ofstream out(file);
    out << "version: 1\nname: " << name << "\nsource:\n  type: " << option.first << "\n  with:\n";
    if (option.first == "jmap") {
      out << "    session_url: " << jmap_.session_url() << "\n";
    } else {
      out << "    host: 127.0.0.1\n    port: " << imap_->port() << "\n    tls: none\n";
    }
    if (const std::string& beside = companions().at(option); !beside.empty()) {
      out << "    " << beside << "\n";
    }
    if (is_for_proxy(option)) {
      out << "    proxy: " << proxy_.url() << "\n";
    }
    out << "    " << option.second.substr(1) << ": " << written(way) << "\nsinks:\n"
        << "  - type: eml\n    with: { path: ./" << name << "-eml, sidecar: json }\n"
        << "  - type: maildir\n    with: { path: ./" << name << "-maildir }\n"
        << "  - type: mbox\n    with: { path: ./" << name << ".mbox }\n"
        << "run: { retry: { budget: 1s, max_backoff: 1s } }\n";
    return file;
  }

  /// Set where the option is read from the environment only: elsewhere nobody would have to keep it from anyone.
  Environment environment(Way way) const {
    Environment out{{"XDG_STATE_HOME", (dir_ / "state").string()}, {"OTHER", "another-secret"}};
    if (way == Way::Env) {
      out["CANARY"] = Canary::value();
    }
    return out;
  }

  std::vector<std::string> run_words(const std::string& file, const std::string& form) const {
    return {"run",
            "--log-level",
            "debug",
            "--log-format",
            form,
            "--progress",
            "always",
            "--report",
            (dir_ / "report.json").string(),
            file};
  }

  /// Runs the program; what it prints must not hold the canary.
  Finished silent(std::vector<std::string> words, Way way) const {
    const std::string command = words.front();
    Finished result = mailpipe(std::move(words), environment(way));
    EXPECT_EQ(Canary::found_in(result.out + result.err), "") << command << "\n"
                                                             << result.out << result.err;
    return result;
  }

  void expect_nothing_left() const {
    EXPECT_EQ(
        Canary::found_below(dir_.path(), {"canary.secret", "demo.yaml", "one.yaml", "two.yaml"}),
        "");
  }

  void start_over() {
    for (const auto& entry : std::filesystem::directory_iterator(dir_.path())) {
      if (entry.path().filename() != "canary.secret") {
        std::filesystem::remove_all(entry.path());
      }
    }
    imap_->behave();
    jmap_.on_request({});
  }

  /// Does it for each option, each way, with a name for messages.
  template <class Test>
  void each(const Test& test) {
    for (const auto& [option, beside] : companions()) {
      for (const Way way : kWays) {
        SCOPED_TRACE(option.first + option.second + " by " + written(way));
        test(option, way);
        start_over();
      }
    }
  }

  FakeJmap jmap_;
  ScriptedHttpServer proxy_;  ///< lets nobody through
  std::unique_ptr<ModelImapServer> imap_;
  TempDir dir_{TempDir::fast_parent()};
};

}  // namespace mailpipe::test
