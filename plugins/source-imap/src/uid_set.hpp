#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mailpipe::imap {

/// UIDs of one mailbox (RFC 3501 section 2.3.1.1) as runs: eight octets a run, however many messages.
///
/// Threads  A value: one at a time.
class UidSet {
 public:
  struct Range {
    std::uint32_t first = 0, last = 0;  ///< both in it

    friend bool operator==(const Range&, const Range&) = default;
  };

  UidSet() = default;

  /// A sequence-set as servers send it ("1:3,7,12:9"); nothing when malformed, when it has '*', a zero or more than
  /// `most` ranges.
  static std::optional<UidSet> parse(std::string_view text, std::size_t most = 1'000'000);

  void add(std::uint32_t uid) { add({uid, uid}); }

  void add(Range range);
  void add(const UidSet& other);
  void remove(const UidSet& other);

  bool contains(std::uint32_t uid) const noexcept;

  bool empty() const noexcept { return ranges_.empty(); }

  std::uint64_t count() const noexcept;

  /// Ascending, neither touching nor overlapping.
  const std::vector<Range>& ranges() const noexcept { return ranges_; }

  /// What is in this set and not in the other; what is in both.
  UidSet without(const UidSet& other) const;
  UidSet common(const UidSet& other) const;

  /// "1:3,7"; empty for the empty set.
  std::string text() const;

  friend bool operator==(const UidSet&, const UidSet&) = default;

 private:
  std::vector<Range> ranges_;
};

}  // namespace mailpipe::imap
