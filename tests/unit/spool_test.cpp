#include "spool/spool.hpp"

#include "fs/posix_fs.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace mailpipe::spool {
namespace {

class SpoolTest : public ::testing::Test {
 protected:
  SpoolTest() {
    std::string name = (std::filesystem::temp_directory_path() / "mailpipe-spool-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
    dir_ = open_dir(fs_, AT_FDCWD, path_.string());
  }

  ~SpoolTest() override { std::filesystem::remove_all(path_); }

  static std::shared_ptr<const SpooledBody> put(Spool& spool, std::string_view text,
                                                std::size_t step) {
    auto writer = spool.open(std::nullopt);
    for (std::size_t at = 0; at < text.size(); at += step) {
      writer->write(text.substr(at, step));
    }
    return writer->finish();
  }

  static std::string read(const SpooledBody& body) {
    std::string out;
    body.view().for_each_chunk([&](std::string_view chunk) { out += chunk; });
    return out;
  }

  PosixFs fs_;
  std::filesystem::path path_;
  File dir_;
};

TEST_F(SpoolTest, GivesBackSmallBodiesFromMemory) {
  Spool spool(fs_, dir_, 1000);
  const auto body = put(spool, "hello", 2);
  EXPECT_EQ(read(*body), "hello");
  EXPECT_EQ(body->digest(), sha256("hello"));
  EXPECT_EQ(spool.memory_used(), 5U);
}

TEST_F(SpoolTest, MovesToAFilePastTheBudgetAndLeavesNoName) {
  Spool spool(fs_, dir_, 1000);
  const std::string text(5000, 'x');
  const auto body = put(spool, text, 300);
  EXPECT_EQ(read(*body), text);
  EXPECT_EQ(spool.memory_used(), 0U);
  EXPECT_TRUE(std::filesystem::is_empty(path_));
}

TEST_F(SpoolTest, FreesItsShareOfTheBudget) {
  Spool spool(fs_, dir_, 1000);
  put(spool, std::string(900, 'x'), 100).reset();
  EXPECT_EQ(spool.memory_used(), 0U);
}

TEST_F(SpoolTest, MayGoBeforeItsBodies) {
  auto spool = std::make_unique<Spool>(fs_, dir_, 1000);
  std::shared_ptr<const SpooledBody> body = put(*spool, "Subject: x\r\n\r\ny", 5);
  spool.reset();
  EXPECT_EQ(read(*body), "Subject: x\r\n\r\ny");
  body.reset();  // ASan sees what it touches
}

TEST_F(SpoolTest, DigestsTheHeaderAloneHoweverItIsCut) {
  Spool spool(fs_, dir_, 100000);
  const std::string header = "A: 1\r\nB: 2\r\n";
  for (const std::size_t step : {1U, 2U, 3U, 5U, 100U}) {
    EXPECT_EQ(put(spool, header + "\r\nbody\r\n\r\nmore", step)->header_digest(), sha256(header))
        << step;
    EXPECT_EQ(put(spool, "A: 1\nB: 2\n\nbody", step)->header_digest(), sha256("A: 1\nB: 2\n"))
        << step;
    EXPECT_EQ(put(spool, "\r\nno header", step)->header_digest(), sha256("")) << step;
    EXPECT_EQ(put(spool, "A: 1\r\r\n\r\nx", step)->header_digest(), sha256("A: 1\r\r\n")) << step;
  }
}

}  // namespace
}  // namespace mailpipe::spool
