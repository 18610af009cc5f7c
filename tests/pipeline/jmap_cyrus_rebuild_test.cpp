#include "pipeline/jmap_cyrus_fixture.hpp"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>

namespace mailpipe::test {
namespace {

namespace fs = std::filesystem;

void put(const fs::path& path, const std::string& octets) {
  std::ofstream(path, std::ios::binary) << octets;
}

/// What becomes of a folder whose ledger is not there, or no longer good.
class JmapCyrusRebuild : public JmapCyrusRun {
 protected:
  std::uint64_t adopted() const { return report().at("sinks").at(0).at("adopted"); }

  /// A run stops at that, and says what to do.
  void expect_refused(const std::string& because) const {
    const Finished refused = run();
    EXPECT_EQ(refused.exit_code, 1) << refused.out;
    EXPECT_TRUE(contains(refused.err, because)) << refused.err;
    EXPECT_TRUE(contains(refused.err, "mailpipe state rebuild")) << refused.err;
  }

  /// Rebuilds, and sees that all is as if nothing had happened.
  void expect_rebuilt(const std::map<std::string, std::string>& before) const {
    expect_well(rebuild());
    EXPECT_EQ(adopted(), before.size());
    EXPECT_EQ(blobs(), 0U);
    EXPECT_EQ(files(), before);
    const Finished next = run();
    expect_well(next);
    EXPECT_TRUE(contains(next.out, "nothing new")) << next.out;
  }

  /// Octets of the ledger become noise.
  void damage(std::uintmax_t at, std::size_t length) const {
    std::fstream file(ledger(), std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(static_cast<std::streamoff>(at));
    for (std::size_t i = 0; i < length; ++i) {
      file.put(static_cast<char>(i * 73 + 11));
    }
    ASSERT_TRUE(file.flush());
  }
};

TEST_F(JmapCyrusRebuild, TakesOverAFolderThatTheSeedScriptFilled) {
  fill(60);
  const auto want = expected();
  fs::create_directory(mail());
  fs::permissions(mail(), fs::perms::owner_all);
  for (const auto& [name, octets] : want) {
    put(mail() / name, octets);
  }
  const auto damaged = std::next(want.begin(), 10);
  put(mail() / damaged->first, damaged->second.substr(0, damaged->second.size() / 2));
  fs::remove(mail() / std::next(want.begin(), 20)->first);
  put(mail() / "20200101_000000_Mdeadbeef_no longer on the server.eml", "From: a@b\r\n\r\n");
  put(mail() / "notes.txt", "mine");

  expect_refused("is not empty, and no ledger says what lies there");
  const Finished result = rebuild();
  expect_well(result);
  EXPECT_EQ(adopted(), 58U);
  EXPECT_EQ(count("stored"), 2U);
  EXPECT_EQ(blobs(), 2U);
  EXPECT_EQ(report().at("sinks").at(0).at("left_alone"), 2);
  EXPECT_TRUE(contains(result.out, "58 adopted")) << result.out;
  EXPECT_TRUE(contains(result.err, "'notes.txt' belongs to no message on the server"))
      << result.err;

  auto have = files();
  EXPECT_EQ(have.erase("notes.txt"), 1U);
  EXPECT_EQ(have.erase("20200101_000000_Mdeadbeef_no longer on the server.eml"), 1U);
  EXPECT_EQ(have, want);
  std::size_t in_trash = 0;
  for (const auto& entry : fs::recursive_directory_iterator(mail().string() + ".mailpipe-trash")) {
    in_trash += entry.is_regular_file() ? 1 : 0;
  }
  EXPECT_EQ(in_trash, 1U) << "the damaged one";
  const Finished next = run();
  expect_well(next);
  EXPECT_TRUE(contains(next.out, "nothing new")) << next.out;
}

TEST_F(JmapCyrusRebuild, AfterTheLedgerIsDeleted) {
  fill(40);
  run();
  const auto before = files();
  fs::remove_all(dir_ / "state");
  expect_refused("its ledger is missing or another one");
  expect_rebuilt(before);
}

TEST_F(JmapCyrusRebuild, AfterTheLedgersStartIsDamaged) {
  fill(40);
  run();
  const auto before = files();
  damage(0, 64);
  expect_refused("is damaged");
  expect_rebuilt(before);
}

TEST_F(JmapCyrusRebuild, AfterTheLedgersMiddleIsDamaged) {
  fill(40);
  run();
  const auto before = files();
  damage(fs::file_size(ledger()) / 2, 8192);
  expect_refused("is damaged");
  expect_rebuilt(before);
}

TEST_F(JmapCyrusRebuild, TakesWhatIsNewSinceToo) {
  fill(20);
  run();
  fs::remove_all(dir_ / "state");
  import_at("new", "2024-02-29T23:59:58Z");
  expect_well(rebuild());
  EXPECT_EQ(adopted(), 20U);
  EXPECT_EQ(count("stored"), 1U);
  expect_all_stored();
}

}  // namespace
}  // namespace mailpipe::test
