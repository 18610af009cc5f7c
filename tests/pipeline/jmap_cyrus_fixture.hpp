#pragma once

#include "pipeline/cli.hpp"
#include "support/cyrus_server.hpp"
#include "support/jmap_account.hpp"

#include <mailpipe/testing/temp_dir.hpp>

#include <gtest/gtest.h>
#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace mailpipe::test {

using mailpipe::testing::CyrusServer;
using mailpipe::testing::JmapAccount;
using mailpipe::testing::JmapEmail;
using mailpipe::testing::JmapImport;
using namespace std::
    chrono_literals;  // NOLINT(google-build-using-namespace): hours and days in tests

/// The name that the seed script gave a message's file: what .eml files are called by default. Python:
/// f"{receivedAt:%Y%m%d_%H%M%S}_{id}_{subject.translate(no punctuation)[:50].strip()}.eml"
std::string seed_name(const JmapEmail& email);

/// A short message with that subject; lines end in CRLF.
std::string message(const std::string& subject);

/// As JMAP writes a time.
std::string utc(std::chrono::seconds from_now);

/// The real program on a pipeline from a real Cyrus to .eml files, in a folder of its own.
class JmapCyrusRun : public mailpipe::testing::CyrusTest {
 protected:
  void SetUp() override;

  /// Writes the pipeline. `window`: the options of a window filter, none without them.
  void write(const std::string& window = {});

  /// Sample mail, made by another process: what a run's memory is measured by starts from this one's.
  void fill(std::size_t messages, std::uint64_t large_octets = 0) const;

  std::string key_of(const std::string& id) const;
  std::string import_at(const std::string& subject, const std::string& received_at);

  /// `mailpipe run`, with a report, at a wall clock that is so far ahead.
  Finished run(std::chrono::seconds ahead = 0s) const;
  Process start() const;  ///< the same, not waited for, without a report
  Finished rebuild() const;
  Finished status() const;

  nlohmann::json report() const;  ///< of the last run() or rebuild()
  std::uint64_t count(const char* name) const;
  std::uint64_t counter(const std::string& name) const;

  std::uint64_t blobs() const { return counter("source.blobs"); }

  /// The last run ended well, and its report adds up.
  void expect_well(const Finished& result) const;

  /// What a reader sees in the sink's folder: names and octets.
  std::map<std::string, std::string> files() const;

  /// What should lie there by the server's word.
  std::map<std::string, std::string> expected() const;

  void expect_all_stored() const;

  std::filesystem::path mail() const { return dir_ / "mail"; }

  std::filesystem::path ledger() const { return dir_ / "state/mailpipe/mail/ledger.db"; }

  TempDir dir_{TempDir::fast_parent()};
  std::string url_;  ///< of the server; a test may put a proxy here before write()
  std::unique_ptr<JmapAccount> account_;

 private:
  Environment environment(std::chrono::seconds ahead = 0s) const;

  std::string file() const { return (dir_ / "mail.yaml").string(); }
};

}  // namespace mailpipe::test
