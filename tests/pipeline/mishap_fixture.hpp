#pragma once

#include "pipeline/cli.hpp"
#include "support/fake_jmap.hpp"

#include <mailpipe/testing/temp_dir.hpp>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace mailpipe::test {

/// Where requests wait until a test lets them go.
class Gate {
 public:
  ~Gate() { open(); }

  /// Called for a request; returns when the gate is open.
  void pass(const std::string& target) {
    std::unique_lock lock(mutex_);
    waiting_.push_back(target);
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
  }

  /// Waits until so many requests stand at the gate; gives their targets.
  std::vector<std::string> wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return waiting_.size() >= count; });
    return waiting_;
  }

  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
  std::vector<std::string> waiting_;
};

/// The real program on a scripted JMAP server, and what must hold after every mishap: the token is nowhere, and a quiet run
/// ends with exactly the server's mail.
class MishapRun : public testing::Test {
 protected:
  static constexpr const char* kToken = "mp-token-5f1c0ffee5ecret";

  void SetUp() override { start(); }

  void TearDown() override {
    jmap_->on_request({});
    expect_no_token();
  }

  /// The server, with `messages` in it.
  void start(std::size_t messages = 8, std::optional<Certificate> certificate = std::nullopt) {
    jmap_ = std::make_unique<FakeJmap>(std::move(certificate));
    expected_.clear();
    for (std::size_t i = 0; i < messages; ++i) {
      add("m" + std::to_string(i));
    }
    session_url_ = jmap_->session_url();
  }

  void add(const std::string& id, std::size_t size = 0) {
    std::string bytes = "From: ann@example.org\r\nSubject: message " + id + "\r\n\r\nbody of " +
                        id + "\r\n" + std::string(size, 'x');
    expected_.insert(bytes);
    jmap_->add({.id = id, .bytes = std::move(bytes)});
  }

  /// Everything that a pipeline of these tests may set; YAML.
  struct Options {
    std::string token = "{ $env: MISHAP_TOKEN }";
    std::string source = {};  ///< further options of the source: "ca_file: x"
    std::string budget = "1s";
    std::string path = "./mail";
    std::string run = "batch: { messages: 2 }";
  };

  std::string write(const Options& options) const {
    std::ofstream(dir_ / "demo.yaml")
        << "version: 1\nname: demo\nsource:\n  type: jmap\n  with:\n    session_url: "
        << session_url_ << "\n    token: " << options.token << "\n    "
        << (options.source.empty() ? "" : options.source + "\n")
        << "\nsinks:\n  - type: eml\n    with: { path: " << options.path
        << " }\nrun:\n  retry: { budget: " << options.budget << ", max_backoff: 1s }\n  "
        << options.run << "\n";
    return (dir_ / "demo.yaml").string();
  }

  std::string write() const { return write(Options{}); }

  Environment environment() const {
    return {{"XDG_STATE_HOME", (dir_ / "state").string()}, {"MISHAP_TOKEN", kToken}};
  }

  std::vector<std::string> words(const std::string& file) const {
    return {MAILPIPE_PROGRAM,
            "run",
            "--log-level",
            "debug",
            "--report",
            (dir_ / "report.json").string(),
            file};
  }

  Finished run(const Options& options) {
    std::filesystem::remove(dir_ / "report.json");
    return kept(run_process(words(write(options)), environment()));
  }

  Finished run() { return run(Options{}); }

  std::unique_ptr<Process> begin() const { return begin(Options{}); }

  std::unique_ptr<Process> begin(const Options& options) const {
    return std::make_unique<Process>(words(write(options)), environment());
  }

  /// Remembers the output for the search for the token.
  Finished kept(Finished result) {
    printed_ += result.out + result.err;
    return result;
  }

  /// How it must end: the code, and what the lines on standard error say.
  static void expect_end(const Finished& result, int code, const std::vector<std::string>& parts) {
    EXPECT_EQ(result.exit_code, code) << result.err << result.out;
    for (const std::string& part : parts) {
      EXPECT_TRUE(contains(result.err, part)) << "no \"" << part << "\" in:\n" << result.err;
    }
    if (code != 0 && code < 128 && code != 3) {
      EXPECT_TRUE(contains(result.err, "   = help: ")) << "no hint:\n" << result.err;
    }
  }

  /// The mishap is over: the next run stores what is missing, each message once.
  void expect_whole_after_a_quiet_run() { expect_whole_after_a_quiet_run(Options{}); }

  void expect_whole_after_a_quiet_run(const Options& options) {
    jmap_->on_request({});
    expect_end(run(options), 0, {});
    expect_whole();
    const nlohmann::json counts = report().at("counts");
    EXPECT_EQ(counts.at("failed"), 0);
  }

  void expect_whole() const {
    const std::multiset<std::string> files = stored();
    for (const std::string& bytes : expected_) {
      EXPECT_EQ(files.count(bytes), 1U) << bytes.substr(0, 60) << "\n" << printed_;
    }
    EXPECT_EQ(files.size(), expected_.size()) << "something is there that nobody sent";
  }

  /// The octets of each file; a message that is there twice shows as two.
  std::multiset<std::string> stored() const {
    std::multiset<std::string> out;
    if (std::filesystem::exists(mail_)) {
      for (const auto& entry : std::filesystem::directory_iterator(mail_)) {
        if (entry.path().extension() == ".eml") {
          out.insert(text_of(entry.path()));
        }
      }
    }
    return out;
  }

  nlohmann::json report() const {
    return nlohmann::json::parse(text_of(dir_ / "report.json"), nullptr, true);
  }

  static std::string text_of(const std::filesystem::path& path) {
    std::ostringstream out;
    out << std::ifstream(path, std::ios::binary).rdbuf();
    return out.str();
  }

  void expect_no_token() const {
    EXPECT_FALSE(contains(printed_, kToken)) << printed_;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(dir_.path())) {
      if (entry.is_regular_file() && entry.path() != token_file_) {
        EXPECT_FALSE(contains(text_of(entry.path()), kToken)) << entry.path();
      }
    }
  }

  /// A mishap for the n-th request (from 0) whose target starts with that, and `times - 1` more.
  static FakeJmap::Mishap at(const std::string& prefix, std::size_t n, std::size_t times,
                             const Reply& reply) {
    auto count = std::make_shared<std::atomic<std::size_t>>(0);
    return [=](const HttpSeen& request) -> std::optional<Reply> {
      if (request.target.rfind(prefix, 0) != 0) {
        return std::nullopt;
      }
      const std::size_t now = (*count)++;
      return now >= n && now - n < times ? std::optional(reply) : std::nullopt;
    };
  }

  static constexpr std::size_t kForEver = 1'000'000'000;
  static constexpr const char* kSession = "/jmap/session";
  static constexpr const char* kApi = "/jmap/api/";
  static constexpr const char* kBlobs = "/jmap/download/";

  static Reply reset() { return Reply::blob("x").cut_after(0, Reply::Ending::Reset); }

  std::unique_ptr<FakeJmap> jmap_;
  TempDir dir_{TempDir::fast_parent()};
  std::filesystem::path mail_ = dir_ / "mail";
  std::filesystem::path token_file_;
  std::string session_url_;
  std::multiset<std::string> expected_;
  std::string printed_;
};

}  // namespace mailpipe::test
