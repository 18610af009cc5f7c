// No secret gets out, whichever option it is in and however it came there.
#include "pipeline/canary_fixture.hpp"

#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include <condition_variable>
#include <mutex>
#include <set>

namespace mailpipe::test {
namespace {

using Json = nlohmann::json;

/// "/a/b" of each secret in a schema, wherever it is.
void find_secrets(const Json& schema, const std::string& pointer, std::set<std::string>& out) {
  if (schema.is_object()) {
    if (schema.value("x-mp-secret", false)) {
      out.insert(pointer);
    }
    for (const auto& [name, below] : schema.items()) {
      if (name == "properties") {
        for (const auto& [option, its] : below.items()) {
          find_secrets(its, pointer + "/" + option, out);
        }
      } else {
        find_secrets(below, pointer, out);
      }
    }
  } else if (schema.is_array()) {
    for (const Json& one : schema) {
      find_secrets(one, pointer, out);
    }
  }
}

class Canaries : public CanaryRun {
 protected:
  /// The server refuses the login and repeats all that it was told, in every form.
  void refuse_logins() {
    imap_->on({.command = "AUTHENTICATE *", .instead = "$tag NO " + Canary::echo() + "\r\n"});
    imap_->on({.command = "LOGIN *", .instead = "$tag NO " + Canary::echo() + "\r\n"});
    jmap_.on_request([](const HttpSeen&) {
      return Reply::error(401, Json{{"type", Canary::echo()}, {"detail", Canary::echo()}}.dump());
    });
  }

  /// The login is taken; what is asked next is refused in the same manner.
  void refuse_the_rest() {
    imap_->on(
        {.command = "LIST *", .instead = "$tag NO [PRIVACYREQUIRED] " + Canary::echo() + "\r\n"});
    jmap_.on_request([](const HttpSeen& seen) -> std::optional<Reply> {
      if (seen.target.rfind("/jmap/download/", 0) != 0) {
        return std::nullopt;
      }
      return Reply::error(403, Json{{"type", Canary::echo()}, {"detail", Canary::echo()}}.dump());
    });
  }
};

TEST_F(Canaries, AreInEverySecretOptionOfEveryPlugin) {
  const Json plugins = Json::parse(mailpipe({"plugins", "--format", "json"}).out);
  std::set<Option> wanted;
  for (const Json& plugin : plugins.at("plugins")) {
    for (const Json& component : plugin.value("components", Json::array())) {
      const std::string type = component.at("type");
      const std::string whole = component.at("kind").get<std::string>() + "/" + type;
      std::set<std::string> pointers;
      find_secrets(Json::parse(mailpipe({"inspect", whole, "--json"}).out).at("schema"), "",
                   pointers);
      for (const std::string& pointer : pointers) {
        wanted.insert({type, pointer});
      }
    }
  }
  std::set<Option> tried;
  for (const auto& [option, beside] : companions()) {
    tried.insert(option);
  }
  EXPECT_EQ(tried, wanted) << "a secret option without a line in CanaryRun::companions()";
}

TEST_F(Canaries, AreNowhereWhenTheLoginIsRefused) {
  each([this](const Option& option, Way way) {
    refuse_logins();
    for (const char* form : {"text", "json"}) {
      const Finished result = silent(run_words(write(option, way), form), way);
      EXPECT_EQ(result.exit_code, 4) << result.err;
    }
    EXPECT_EQ(silent({"check", write(option, way)}, way).exit_code, 4);
    expect_nothing_left();
  });
}

TEST_F(Canaries, AreNowhereWhenTheServerRepeatsThemLater) {
  each([this](const Option& option, Way way) {
    refuse_the_rest();
    for (const char* form : {"text", "json"}) {
      const Finished result = silent(run_words(write(option, way), form), way);
      EXPECT_NE(result.exit_code, 0) << result.err;
    }
    expect_nothing_left();
  });
}

TEST_F(Canaries, AreWhatAProxyIsTold) {
  for (const char* type : {"jmap", "imap"}) {
    silent(run_words(write({type, "/proxy_password"}, Way::Env), "text"), Way::Env);
    EXPECT_EQ(proxy_.seen().back().headers.at("proxy-authorization"),
              "Basic " + Canary::base64("anna:" + Canary::value()));
  }
}

TEST_F(Canaries, AreNotWhatTheLedgerSaysOfAQuarantinedMessage) {
  const std::string file = write({"imap", "/password"}, Way::Env);
  imap_->on({.command = "UID FETCH *BODY.PEEK*",
             .uid = 2,
             .instead = "$tag NO [SERVERBUG] " + Canary::echo() + "\r\n"});
  EXPECT_EQ(silent(run_words(file, "text"), Way::Env).exit_code, 3);
  expect_nothing_left();
  const Finished listed = silent({"quarantine", "ls", file}, Way::Env);
  EXPECT_TRUE(contains(listed.out, "[secret]"))
      << "the server's words are not there at all: " << listed.out;
  silent({"status", file}, Way::Env);
}

TEST_F(Canaries, AreNowhereAfterARunThatEndsWell) {
  each([this](const Option& option, Way way) {
    const Finished result = silent(run_words(write(option, way), "text"), way);
    EXPECT_EQ(result.exit_code == 0, !is_for_proxy(option)) << result.err;
    expect_nothing_left();
  });
}

TEST_F(Canaries, AreNowhereInWhatTheOtherCommandsPrint) {
  each([this](const Option& option, Way way) {
    if (way != Way::Env && way != Way::Literal) {
      return;  // what a command may print differs by whether the file holds it
    }
    const std::string file = write(option, way);
    refuse_the_rest();
    silent(run_words(file, "text"), way);
    const std::vector<std::vector<std::string>> commands{
        {"lint", file},
        {"lint", "--format", "json", file},
        {"lint", "--format", "github", file},
        {"lint", "--set", "source.with.tokn=1", file},  // shows the lines around it
        {"run", "--dry-run", file},
        {"check", file},
        {"test", file},
        {"status", file},
        {"status", "--format", "json", file},
        {"state", "show", file},
        {"quarantine", "ls", file},
        {"quarantine", "ls", "--format", "json", file},
        {"verify", file},
        {"why", file, option.first == "jmap" ? "m2" : "<two@example.org>"},
    };
    for (const auto& command : commands) {
      silent(command, way);
    }
    expect_nothing_left();
  });
}

// ---- programs that say the secret

class CanaryCommand : public Canaries {
 protected:
  /// A pipeline whose token comes from that shell line.
  std::string write_command(const std::string& line, const std::string& name) const {
    const std::string file = write({"jmap", "/token"}, Way::Command, name);
    std::ostringstream text;
    text << std::ifstream(file).rdbuf();
    std::string yaml = text.str();
    const std::string usual = "cat, " + (dir_ / "canary.secret").string();
    yaml.replace(yaml.find(usual), usual.size(), "sh, -c, '" + line + "'");
    std::ofstream(file) << yaml;
    return file;
  }
};

TEST_F(CanaryCommand, DoesNotSeeTheSecretsOfOtherPipelines) {
  const std::string seen = (dir_ / "seen").string();
  const std::string one = write({"jmap", "/token"}, Way::Env, "one");
  const std::string two =
      write_command("tr \"\\0\" \"\\n\" </proc/self/environ >" + seen + "; echo other", "two");
  const Finished result = mailpipe({"run", one, two}, environment(Way::Env));
  EXPECT_EQ(result.exit_code, 0) << result.err;
  std::ostringstream names;
  names << std::ifstream(seen).rdbuf();
  EXPECT_TRUE(contains(names.str(), "XDG_STATE_HOME=")) << names.str();
  EXPECT_FALSE(contains(names.str(), "CANARY=")) << names.str();
  expect_nothing_left();
}

TEST_F(CanaryCommand, MayRepeatItOnStandardErrorWhenItFails) {
  const std::string secret = (dir_ / "canary.secret").string();
  const Finished result = silent(
      {"run",
       write_command("cat " + secret + "; echo bad: $(cat " + secret + ") >&2; exit 3", "one")},
      Way::Command);
  EXPECT_EQ(result.exit_code, 4);
  EXPECT_TRUE(contains(result.err, "failed (exit status 3): bad: [secret]")) << result.err;
  expect_nothing_left();
}

TEST_F(CanaryCommand, IsNotQuotedWhenItPrintsAnErrorInPlaceOfASecret) {
  const Finished result = mailpipe(
      {"run",
       write_command("echo a secret with spaces; cat " + (dir_ / "canary.secret").string(), "one")},
      environment(Way::Command));
  EXPECT_EQ(result.exit_code, 2) << result.err;
  EXPECT_EQ(Canary::found_in(result.err), "");
  EXPECT_FALSE(contains(result.err, "with spaces")) << result.err;
}

// ---- while it runs

/// Where the first request waits until the test has looked at the process.
class Door {
 public:
  void wait_inside() {
    std::unique_lock lock(mutex_);
    inside_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
  }

  void wait_for_somebody() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return inside_; });
  }

  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool inside_ = false, open_ = false;
};

class RunningCanary : public Canaries {
 protected:
  /// A run that holds its token and waits for the answer to what it asked with it.
  void start(std::vector<std::string> before = {}) {
    jmap_.on_request([door = door_](const HttpSeen& seen) -> std::optional<Reply> {
      if (seen.target.rfind("/jmap/download/", 0) == 0) {
        door->wait_inside();
      }
      return std::nullopt;
    });
    const std::string file = write({"jmap", "/token"}, Way::File);
    before.emplace_back(MAILPIPE_PROGRAM);
    for (std::string& word : run_words(file, "text")) {
      before.push_back(std::move(word));
    }
    process_ = std::make_unique<Process>(std::move(before), environment(Way::File));
    door_->wait_for_somebody();
  }

  void TearDown() override { door_->open(); }

  std::string proc(const std::string& file) const {
    std::ostringstream out;
    out << std::ifstream("/proc/" + std::to_string(process_->pid()) + "/" + file).rdbuf();
    return out.str();
  }

  std::shared_ptr<Door> door_ = std::make_shared<Door>();  // the server may be in it for longer
  std::unique_ptr<Process> process_;
};

TEST_F(RunningCanary, IsNotInTheCommandLineTheEnvironmentOrAFile) {
  start();
  ASSERT_NE(proc("cmdline"), "");
  EXPECT_EQ(Canary::found_in(proc("cmdline") + proc("environ")), "");
  expect_nothing_left();
}

TEST_F(RunningCanary, IsInNoCoreDump) {
  start();
  const std::string limits = proc("limits");
  const std::string line = limits.substr(limits.find("Max core file size"));
  std::istringstream words(line.substr(std::string("Max core file size").size()));
  std::string soft, hard;
  words >> soft >> hard;
  EXPECT_EQ(soft + " " + hard, "0 0");
}

TEST_F(RunningCanary, IsNotPrintedWhenTheProcessCrashes) {
  start();
  process_->signal(SIGABRT);  // SIGSEGV is taken by a sanitizer
  const Finished result = process_->wait();
  EXPECT_EQ(result.exit_code, 128 + SIGABRT);
  EXPECT_FALSE(result.dumped_core);
  EXPECT_EQ(Canary::found_in(result.out + result.err), "");
  expect_nothing_left();
}

TEST_F(RunningCanary, CannotBeReadByOtherProcessesOfTheSameUser) {
  constexpr unsigned kNobody = 65534;
  std::vector<std::string> as_nobody;
  if (::getuid() == 0) {  // root sees no difference; the kernel shows it in who owns /proc/PID
    for (const auto& entry : std::filesystem::directory_iterator(dir_.path())) {
      ::chown(entry.path().c_str(), kNobody, kNobody);
    }
    ::chown(dir_.path().c_str(), kNobody, kNobody);
    as_nobody = {"/usr/bin/setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"};
  }
  std::vector<std::string> lint = as_nobody;
  lint.insert(lint.end(), {MAILPIPE_PROGRAM, "lint", write({"jmap", "/token"}, Way::File)});
  if (!as_nobody.empty() && run_process(lint).exit_code != 0) {
    GTEST_SKIP() << "user nobody cannot reach " << MAILPIPE_PROGRAM;
  }
  start(as_nobody);

  struct stat status {};

  ASSERT_EQ(::stat(("/proc/" + std::to_string(process_->pid()) + "/mem").c_str(), &status), 0);
  EXPECT_EQ(status.st_uid, 0U) << "the process is dumpable";
}

}  // namespace
}  // namespace mailpipe::test
