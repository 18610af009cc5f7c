#pragma once

#include "spool/message_id.hpp"
#include "spool/sha256.hpp"

#include <mailpipe/body.hpp>
#include <mailpipe/file.hpp>
#include <mailpipe/fs.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace mailpipe::spool {

class Spool;

/// A complete body: its octets, in memory or in an unnamed file, with their digests. Shared by all that still need it;
/// the last one frees the memory or the file.
class SpooledBody {
 public:
  ~SpooledBody();
  SpooledBody(const SpooledBody&) = delete;
  SpooledBody& operator=(const SpooledBody&) = delete;

  std::uint64_t size() const noexcept { return size_; }

  const Digest& digest() const noexcept { return digest_; }

  /// SHA-256 of the octets before the first empty line: the rekey rule's field.
  const Digest& header_digest() const noexcept { return header_digest_; }

  /// message_id_hash() of its Message-ID.
  const std::optional<std::uint64_t>& message_id() const noexcept { return message_id_; }

  Body view() const noexcept;

 private:
  friend class Writer;
  SpooledBody() = default;

  std::shared_ptr<std::atomic<std::uint64_t>> memory_used_;
  std::string memory_;
  File file_;
  std::uint64_t size_ = 0;
  Digest digest_{}, header_digest_{};
  std::optional<std::uint64_t> message_id_;
};

/// One body on its way in. Destroying it before finish() gives the body up.
class Writer {
 public:
  /// Never waits: past the memory budget the octets go to a file. Throws Error(NoSpace) and the like.
  void write(std::string_view octets);

  std::shared_ptr<const SpooledBody> finish();

  std::uint64_t size() const noexcept { return body_->size_; }

 private:
  friend class Spool;
  Writer(Spool& spool, std::optional<std::uint64_t> announced);

  bool fits(std::size_t more) const noexcept;
  void move_to_file();
  void hash_header(std::string_view octets);
  void take_header(std::string_view octets);

  Spool& spool_;
  std::shared_ptr<SpooledBody> body_;
  Sha256 hash_, header_hash_;
  MessageIdScan message_id_;
  bool header_done_ = false;
  bool line_empty_ =
      true;           // the line that the next octet belongs to has had no octet but CR so far
  std::string line_;  // octets of that line, not yet known to belong to the header
};

/// Where bodies wait between the source and the sinks: small ones in memory under one budget, the rest in unnamed files
/// of one folder, which vanish with the process.
///
/// Threads  open() from any; each Writer on one thread at a time.
/// Life     Outlives its writers. A body may outlive it: the thread of a sink drops one after the run has its answer.
class Spool {
 public:
  /// `dir` is an open folder, borrowed. `budget`: octets of bodies in memory at most.
  Spool(Fs& fs, const File& dir, std::uint64_t budget) : fs_(fs), dir_(dir), budget_(budget) {}

  std::unique_ptr<Writer> open(std::optional<std::uint64_t> announced);

  std::uint64_t memory_used() const noexcept { return memory_used_->load(); }

  /// A body larger than this goes to a file whatever room there is.
  static constexpr std::uint64_t kLargest = 1U << 20U;

 private:
  friend class Writer;

  Fs& fs_;
  const File& dir_;
  std::uint64_t budget_;
  std::shared_ptr<std::atomic<std::uint64_t>> memory_used_ =
      std::make_shared<std::atomic<std::uint64_t>>(0);
};

}  // namespace mailpipe::spool
