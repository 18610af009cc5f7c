#pragma once

#include "pipeline/mishap_fixture.hpp"
#include "state/ledger.hpp"

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace mailpipe::test {

/// A run that left one message of each kind behind, for the commands that ask about them: m0 to m2 are stored, "old" is
/// filtered, "young" is held, "bad" is quarantined, "late" was stored and the server removed it.
class InquiryRun : public MishapRun {
 protected:
  void SetUp() override {
    start(0);
    for (const char* id : {"m0", "m1", "m2", "late"}) {
      add(id, "2024-01-01T00:00:00Z");
    }
    add("old", "2000-01-01T00:00:00Z");
    add("young", "2099-01-01T00:00:00Z");
    add("bad", "2024-01-01T00:00:00Z");
    write_pipeline();
    serve_badly();
    EXPECT_EQ(ask({"run", file()}).exit_code, 3);
    jmap_->destroy("late");
    EXPECT_EQ(ask({"run", file()}).exit_code, 3);
  }

  void add(const std::string& id, const std::string& received) {
    jmap_->add({.id = id, .bytes = bytes_of(id), .received_at = received});
  }

  static std::string bytes_of(const std::string& id) {
    return "From: ann@example.org\r\nMessage-ID: <" + id + "@example.org>\r\nSubject: message " +
           id + "\r\n\r\nbody of " + id + "\r\n";
  }

  void write_pipeline(const std::string& filters = "since: 2023-01-01T00:00:00Z, delay: 1h") const {
    std::ofstream(file())
        << "version: 1\nname: demo\nsource:\n  type: jmap\n  with:\n    session_url: "
        << session_url_
        << "\n    token: { $env: MISHAP_TOKEN }\nfilters:\n  - type: window\n"
           "    with: { "
        << filters
        << " }\nsinks:\n  - type: eml\n    with: { path: ./mail }\n"
           "run:\n  retry: { budget: 1m, max_backoff: 1s }\n";
  }

  void serve_badly() {
    jmap_->on_request(at("/jmap/download/a1/bbad/", 0, kForEver, Reply::blob("From: short")));
  }

  Finished ask(std::vector<std::string> words) {
    return kept(mailpipe(std::move(words), environment()));
  }

  nlohmann::json ask_json(std::vector<std::string> words) {
    words.insert(words.end(), {"--format", "json"});
    return nlohmann::json::parse(ask(std::move(words)).out);
  }

  std::string file() const { return (dir_ / "demo.yaml").string(); }

  std::filesystem::path ledger_file() const { return dir_ / "state/mailpipe/demo/ledger.db"; }

  state::Ledger ledger() const { return {ledger_file(), "demo", state::Ledger::Open::Existing}; }

  std::filesystem::path file_of(const std::string& id) const {
    for (const auto& entry : std::filesystem::directory_iterator(mail_)) {
      if (contains(entry.path().filename().string(), "_" + id + "_")) {
        return entry.path();
      }
    }
    return {};
  }
};

}  // namespace mailpipe::test
