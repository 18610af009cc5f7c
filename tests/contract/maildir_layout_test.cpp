#include "contract/maildir_fixture.hpp"
#include "layout.hpp"

#include <mailpipe/printable.hpp>

#include <set>

namespace mailpipe::test {
namespace {

using maildir::folders_of;
using maildir::Layout;
using maildir::path_of;
using Path = std::vector<std::string>;

TEST(MaildirLayout, VerbatimNamesFoldersAsMbsyncDoes) {
  const std::vector<std::pair<Path, Path>> table = {
      {{"INBOX"}, {"INBOX"}},
      {{"inbox"}, {"INBOX"}},
      {{"Inbox", "Inbox"}, {"INBOX", "Inbox"}},
      {{"Lists", "C++ & more"}, {"Lists", "C++ &- more"}},
      {{"Entwürfe"}, {"Entw&APw-rfe"}},
      {{"日本語"}, {"&ZeVnLIqe-"}},
      {{"📧"}, {"&2D3c5w-"}},
      {{"\"quoted\" ", " x "}, {"\"quoted\" ", " x "}},
      {{"a.b", "100%20off"}, {"a.b", "100%20off"}},
      {{"%", "50%", "~x"}, {"%", "50%", "~x"}},
      // what mbsync cannot do, or should not
      {{"cur", "new", "tmp"}, {"%63ur", "%6Eew", "%74mp"}},
      {{".hidden", ".", ".."}, {"%2Ehidden", "%2E", "%2E."}},
      {{"a/b", ""}, {"a%2Fb", "%00"}},
      {{"%2Ehidden", "%00"}, {"%252Ehidden", "%2500"}},
      {{"a\tb", std::string("n\0l", 3)}, {"a&AAk-b", "n&AAA-l"}},
      {{"\xff\xc3"}, {"%FF%C3"}},
  };
  for (const auto& [path, folders] : table) {
    EXPECT_EQ(folders_of(path, Layout::Verbatim), folders);
    if (path[0] != "inbox" && path[0] != "Inbox") {
      EXPECT_EQ(path_of(folders, Layout::Verbatim), path);
    }
  }
}

TEST(MaildirLayout, MaildirPlusPlusPutsAllFoldersBesideEachOther) {
  const std::vector<std::pair<Path, Path>> table = {
      {{"INBOX"}, {}},
      {{"INBOX", "Sub"}, {".INBOX.Sub"}},
      {{"Lists", "v1.2"}, {".Lists.v1%2E2"}},
      {{"cur"}, {".cur"}},
      {{"Entwürfe", "..", ""}, {".Entw&APw-rfe.%2E%2E.%00"}},
  };
  for (const auto& [path, folders] : table) {
    EXPECT_EQ(folders_of(path, Layout::MaildirPlusPlus), folders);
    EXPECT_EQ(path_of(folders, Layout::MaildirPlusPlus), path);
  }
}

/// 200 names that want to leave the root, hide, or be taken for another.
std::vector<Path> hostile_paths() {
  std::vector<Path> out = {
      {"."},
      {".."},
      {"..", "..", "etc"},
      {""},
      {"", ""},
      {"/"},
      {"/etc"},
      {"../x"},
      {"a", "..", "b"},
      {"cur"},
      {"new"},
      {"tmp"},
      {"CUR"},
      {"a", "cur"},
      {"%63ur"},
      {"%2E"},
      {"%2E%2E"},
      {"%"},
      {"%%"},
      {"%252E"},
      {"~root"},
      {"-rf"},
      {"&"},
      {"&-"},
      {"&APw-"},
      {"ü"},
      {"u\xcc\x88"},
      {"\xff"},
      {"\xc3"},
      {"\xed\xa0\x80"},
      {"%FF"},
      {"\xef\xbf\xbd"},
      {"\x1b[31m"},
      {"\xe2\x80\xaetxt"},
      {std::string("\0", 1)},
      {std::string("a\0b", 3)},
      {std::string(250, 'x')},
      {std::string(256, 'x')},
      {std::string(257, 'x')},
      {std::string(2000, 'x')},
      {std::string(2001, 'x')},
      {std::string(300, '.')},
      {std::string(300, '\xff')},
      {std::string(300, 'x') + "/"},
      {".mailpipe-sink.json"},
      {".mailpipe-folder"},
      {"a", ".mailpipe-folder"},
      {"dovecot-keywords"},
  };
  std::string wide;
  for (int i = 0; i < 300; ++i) {
    wide += "\xf0\x9f\x93\xa7";
  }
  out.push_back({wide});
  std::uint32_t state = 1;  // the same octets in every run
  while (out.size() < 200) {
    Path path;
    do {
      path.emplace_back();
      for (int i = 0; i < 6; ++i) {
        state = state * 1'664'525U + 1'013'904'223U;
        path.back() += "./%2E&-cur~\xc3\xbc\n"[(state >> 24) % 14];
      }
    } while ((state >> 20) % 3 == 0);
    out.push_back(path);
  }
  return out;
}

struct MaildirHostileNames : MaildirTest, testing::WithParamInterface<std::string> {};

TEST_P(MaildirHostileNames, StayInsideTheRootAndApartAndAreToldBack) {
  options["layout"] = GetParam();
  reopen();
  std::set<std::string> locations;
  std::set<Path> paths;
  int number = 0;
  for (const Path& path : hostile_paths()) {
    if (!paths.insert(path).second) {
      continue;
    }
    const auto receipts = commit(in(message("M" + std::to_string(number++), "x"), {path}));
    const fs::path folder = fs::path(receipts[0].location).parent_path();
    EXPECT_TRUE(locations.insert(folder).second) << folder;
    EXPECT_TRUE(fs::exists(root / receipts[0].location));
    EXPECT_EQ(printable(folder.string(), 100'000), folder.string());
    for (const auto& part : folder) {
      EXPECT_LE(part.string().size(), 255U);
    }
  }
  EXPECT_EQ(std::distance(fs::directory_iterator(dir.path()), fs::directory_iterator()), 1);
  reopen();  // nothing is remembered
  std::set<Path> told;
  for (const Found& each : found()) {
    told.insert(each.path);
  }
  EXPECT_EQ(told, paths);
}

INSTANTIATE_TEST_SUITE_P(Layouts, MaildirHostileNames, testing::Values("verbatim", "maildir++"),
                         [](const auto& given) {
                           return given.param == "verbatim" ? "verbatim" : "maildirpp";
                         });

/// A file system that takes "Work" for "work".
class FoldingFs final : public ForwardingFs {
 public:
  using ForwardingFs::ForwardingFs;

  int openat(int dir, const char* path, int flags, unsigned mode) noexcept override {
    return ForwardingFs::openat(dir, folded(path).c_str(), flags, mode);
  }

  int mkdirat(int dir, const char* path, unsigned mode) noexcept override {
    return ForwardingFs::mkdirat(dir, folded(path).c_str(), mode);
  }

 protected:
  int before(FsCall /*call*/) noexcept override { return 0; }

 private:
  /// Of the folders that the test uses.
  static std::string folded(const std::string& path) { return path == "Work" ? "work" : path; }
};

TEST_F(MaildirTest, TwoMailboxesThatAFileSystemTakesForOneHaveAFolderEach) {
  FoldingFs folding(unsynced);
  TestHost folded(folding);
  std::set<std::string> first;
  for (int run = 0; run < 2; ++run) {
    sink = make(folded);
    sink->open(false);
    std::set<std::string> folders;
    for (const char* name : {"work", "Work"}) {
      const Message one = in(message(name, "x"), {{name}});
      folders.insert(fs::path(commit(one)[0].location).parent_path().parent_path());
    }
    EXPECT_EQ(folders.size(), 2U);
    EXPECT_TRUE(run == 0 || folders == first) << "the same in every run";
    first = folders;
  }
  sink.reset();
}

TEST_F(MaildirTest, AFolderOfAnotherProgramIsUsedAsItIs) {
  for (const char* sub : {"cur", "new", "tmp"}) {
    fs::create_directories(root / "Box" / sub);
  }
  commit(in(message("M1", "x"), {{"Box"}}));
  EXPECT_EQ(files("Box"), (std::vector<std::string>{"cur", "new", "tmp"}));
  EXPECT_EQ(files("Box/new").size(), 1U);
}

}  // namespace
}  // namespace mailpipe::test
