#include "file_digest.hpp"
#include "pipeline/jmap_cyrus_fixture.hpp"

#include <nlohmann/json.hpp>

#include <iostream>

namespace mailpipe::test {
namespace {

/// A mailbox of the size that people have. Slow; its figures go to the output.
class JmapCyrusLarge : public JmapCyrusRun {};

TEST_F(JmapCyrusLarge, TenThousandMessagesAndOneOf200Megabytes) {
  constexpr std::uint64_t kMessages = 10'000;
  constexpr std::uint64_t kLargeOctets = 200'000'000;
  fill(kMessages, kLargeOctets);

  const Finished result = run();
  expect_well(result);
  EXPECT_EQ(count("listed"), kMessages + 1);
  EXPECT_EQ(count("stored"), kMessages + 1);
  EXPECT_EQ(blobs(), kMessages + 1);
  EXPECT_LT(result.peak_kib, 64 * 1024);
  std::cout << "first run: " << report().at("seconds") << " s, peak " << result.peak_kib << " KiB, "
            << counter("source.http_requests") << " requests on " << counter("source.connections")
            << " connections\n";

  const Finished again = run();
  expect_well(again);
  EXPECT_EQ(blobs(), 0U);
  EXPECT_LE(counter("source.http_requests"), 3U);
  EXPECT_LT(again.peak_kib, 64 * 1024);
  std::cout << "nothing new: " << report().at("seconds") << " s, peak " << again.peak_kib
            << " KiB, " << counter("source.http_requests") << " requests\n";

  std::set<std::string> names;
  std::multiset<Digest> at_server;
  for (const JmapEmail& email : account_->emails()) {
    names.insert(seed_name(email));
    at_server.insert(digest_of(account_->download(email.blob_id)));
  }
  std::set<std::string> files_named;
  std::multiset<Digest> in_files;
  for (const auto& [name, octets] : files()) {
    files_named.insert(name);
    in_files.insert(digest_of(octets));
  }
  EXPECT_TRUE(files_named == names);
  EXPECT_TRUE(in_files == at_server) << "SHA-256 of files and of the server's blobs differ";
}

}  // namespace
}  // namespace mailpipe::test
