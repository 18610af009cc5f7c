#pragma once

#include "crash/killable_pipeline.hpp"
#include "eml_sink.hpp"
#include "state/ledger.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace mailpipe::test {

namespace fs = std::filesystem;

/// A pipeline from an account in memory into a real .eml folder.
class EmlPipeline : public KillablePipeline {
 public:
  EmlPipeline() {
    settings.batch_messages = 3;
    settings.batch_interval = std::chrono::milliseconds(5);
    make_sinks = [this](run::Runner& runner) {
      const Options options(R"({"path":")" + mail().string() + R"(","sync":"auto"})");
      return std::vector<run::SinkPart>{
          {.id = "eml",
           .sink = std::make_shared<eml::EmlSink>(options, runner.host("sink:eml")),
           .can = {.read = true, .scan = true},
           .root = mail().string()}};
    };
  }

  fs::path mail() const { return dir.path() / "mail"; }

  std::map<std::string, std::string> files() const {
    std::map<std::string, std::string> out;
    if (!fs::exists(mail())) {
      return out;
    }
    for (const auto& entry : fs::recursive_directory_iterator(mail())) {
      if (entry.is_regular_file() && entry.path().filename() != ".mailpipe-sink.json") {
        std::ifstream in(entry.path(), std::ios::binary);
        out[fs::relative(entry.path(), mail()).string()] =
            std::string(std::istreambuf_iterator<char>(in), {});
      }
    }
    return out;
  }

  /// I1: the ledger is never ahead of the disk.
  void expect_receipts_are_true() {
    const fs::path file = state::Ledger::file_in(dir.path() / "state");
    if (!fs::exists(file)) {
      return;
    }
    state::Ledger ledger(file, "test", state::Ledger::Open::Existing);
    const auto lying = files();
    for (const state::Row& row : ledger.rows(state::RowState::Stored, 0, 10000)) {
      for (const auto& receipt : ledger.receipts(row.id)) {
        const auto found = lying.find(receipt.location);
        ASSERT_NE(found, lying.end()) << row.item.key << " has a receipt and no file";
        EXPECT_EQ(spool::sha256(found->second), receipt.digest);
      }
    }
  }

  void expect_whole(const std::map<std::string, std::string>& undisturbed) {
    EXPECT_EQ(run().exit_code, 0);
    EXPECT_EQ(files(), undisturbed);
    EXPECT_EQ(run().counts, run::Counts{}) << "nothing may be left to do";
  }
};

}  // namespace mailpipe::test
