// What other users of the machine, the environment and servers might try.
#include "pipeline/canary_fixture.hpp"

#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include <algorithm>

namespace mailpipe::test {
namespace {

namespace fs = std::filesystem;

class Security : public CanaryRun {
 protected:
  static constexpr unsigned kNobody = 65534;

  std::string jmap() const { return write({"jmap", "/token"}, Way::File); }

  Finished run(const std::vector<std::string>& more = {},
               const Environment& environment = {}) const {
    std::vector<std::string> words{"run"};
    words.insert(words.end(), more.begin(), more.end());
    words.push_back(jmap());
    Environment all = CanaryRun::environment(Way::File);
    all.insert(environment.begin(), environment.end());
    return mailpipe(std::move(words), all);
  }
};

TEST_F(Security, EveryFileIsTheOwnersAloneWhateverTheUmaskIs) {
  const Finished result =
      run_process({"/bin/sh", "-c", "umask 0; exec \"$0\" run --report \"$1\" \"$2\"",
                   MAILPIPE_PROGRAM, (dir_ / "report.json").string(), jmap()},
                  environment(Way::File));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  std::size_t looked_at = 0;
  for (const auto& entry : fs::recursive_directory_iterator(dir_.path())) {
    if (entry.path().filename() == "demo.yaml") {
      continue;
    }

    struct stat status {};

    ASSERT_EQ(::lstat(entry.path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 077U, 0U) << entry.path();
    ++looked_at;
  }
  EXPECT_GT(looked_at, 15U);
}

TEST_F(Security, AStateFolderOfAnotherUserIsRefused) {
  if (::getuid() != 0) {
    GTEST_SKIP() << "only root can give a folder away";
  }
  fs::create_directories(dir_ / "theirs");
  ASSERT_EQ(::chown((dir_ / "theirs").c_str(), kNobody, kNobody), 0);
  const Finished result = run({"--state", (dir_ / "theirs").string()});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_TRUE(contains(result.err, "belongs to another user")) << result.err;
  EXPECT_TRUE(fs::is_empty(dir_ / "theirs"));
}

TEST_F(Security, AStateFolderBehindALinkOfAnotherUserIsRefused) {
  if (::getuid() != 0) {
    GTEST_SKIP() << "only root can give a link away";
  }
  fs::create_directories(dir_ / "mine");
  fs::create_directory_symlink(dir_ / "mine", dir_ / "link");
  ASSERT_EQ(::lchown((dir_ / "link").c_str(), kNobody, kNobody), 0);
  EXPECT_EQ(run({"--state", (dir_ / "link").string()}).exit_code, 2);
  EXPECT_TRUE(fs::is_empty(dir_ / "mine"));
}

TEST_F(Security, AReportGoesThroughNoLinkThatSomebodyElseMade) {
  if (::getuid() != 0) {
    GTEST_SKIP() << "only root can give a link away";
  }
  std::ofstream(dir_ / "victim") << "mine";
  fs::create_symlink(dir_ / "victim", dir_ / "report.json");
  ASSERT_EQ(::lchown((dir_ / "report.json").c_str(), kNobody, kNobody), 0);
  const Finished result = run({"--report", (dir_ / "report.json").string()});
  EXPECT_EQ(result.exit_code, 2) << result.err;
  EXPECT_EQ(fs::file_size(dir_ / "victim"), 4U);
}

TEST_F(Security, AFileWithASecretThatOthersCanReadIsPointedOut) {
  const std::string file = write({"jmap", "/token"}, Way::Literal);
  fs::permissions(file, fs::perms{0644});
  EXPECT_TRUE(contains(mailpipe({"lint", file}).out, "chmod 600"));
  fs::permissions(file, fs::perms{0600});
  EXPECT_FALSE(contains(mailpipe({"lint", file}).out, "chmod 600"));
}

TEST_F(Security, NoLoginIsTakenFromNetrc) {
  std::ofstream(dir_ / ".netrc") << "machine 127.0.0.1 login mallory password from-netrc\n";
  fs::permissions(dir_ / ".netrc", fs::perms{0600});
  EXPECT_EQ(run({}, {{"HOME", dir_.path().string()}}).exit_code, 0);
  for (const std::string& login : jmap_.http().authorizations()) {
    EXPECT_EQ(login, "Bearer " + Canary::value());
  }
}

TEST_F(Security, AnImapLoginGoesThroughNoProxyOfTheEnvironment) {
  const std::string file = write({"imap", "/password"}, Way::File);
  Environment with_proxies = environment(Way::File);
  for (const char* name : {"all_proxy", "ALL_PROXY", "http_proxy", "https_proxy", "HTTPS_PROXY"}) {
    with_proxies[name] = proxy_.url();
  }
  const Finished result = mailpipe({"run", file}, with_proxies);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(proxy_.requests(""), 0U);
}

TEST_F(Security, AServersWordsMakeNoLineAndNoEscapeSequence) {
  jmap_.on_request([](const HttpSeen&) {
    return Reply::error(401, nlohmann::json{{"detail",
                                             "no\nerror: forged\x1b]52;c;aGk=\x07\xc2\x9b"
                                             "31m\xe2\x80\xae"}}
                                 .dump());
  });
  for (const char* form : {"text", "json"}) {
    const Finished result =
        run({"--log-format", form, "--report", (dir_ / "report.json").string()});
    std::ostringstream report;
    report << std::ifstream(dir_ / "report.json").rdbuf();
    const std::string all = result.out + result.err + report.str();
    EXPECT_TRUE(contains(all, "forged")) << all;
    EXPECT_FALSE(contains(all, "\nerror: forged")) << all;
    for (const char* never : {"\x1b", "\x07", "\xc2\x9b", "\xe2\x80\xae"}) {
      EXPECT_FALSE(contains(all, never)) << all;
    }
  }
}

TEST_F(Security, NoLibraryIsLookedForInARelativeFolder) {
  std::vector<std::string> files{MAILPIPE_PROGRAM};
  const nlohmann::json plugins =
      nlohmann::json::parse(mailpipe({"plugins", "--format", "json"}).out);
  for (const auto& plugin : plugins.at("plugins")) {
    files.push_back(plugin.at("path"));
  }
  EXPECT_GT(files.size(), 5U);
  for (const std::string& file : files) {
    const Finished result = run_process({"/usr/bin/readelf", "-d", file});
    ASSERT_EQ(result.exit_code, 0) << result.err;
    std::istringstream lines(result.out);
    for (std::string line; std::getline(lines, line);) {
      if (contains(line, "(RPATH)") || contains(line, "(RUNPATH)")) {
        std::string folders = line.substr(line.find('[') + 1);
        folders = ":" + folders.substr(0, folders.find(']')) + ":";
        for (std::size_t at = 0; at + 1 < folders.size(); at = folders.find(':', at + 1)) {
          EXPECT_TRUE(folders[at + 1] == '/' || folders[at + 1] == '$') << file << ": " << line;
        }
      }
    }
  }
}

}  // namespace
}  // namespace mailpipe::test
