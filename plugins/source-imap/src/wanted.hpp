#pragma once

#include "uid_set.hpp"

#include <mailpipe/source.hpp>

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace mailpipe::imap {

/// A work that is not in flight (yet, or again).
struct Wanted {
  Work work;
  std::uint32_t uid_validity = 0, uid = 0;
  std::size_t with_others = 500;  ///< at most so many in its command
  unsigned breaks = 0;            ///< how often the connection ended when it was its turn
  std::uint64_t came = 0;         ///< so long it was the last time, which is not what was announced
  unsigned doubts = 0;            ///< how often it came like that
  bool was_missing = false;       ///< it did not come, and was there when it was looked for

  std::uint64_t octets() const { return work.size.value_or(64U * 1024U); }
};

/// Out of "<uidvalidity>:<uid>"; nothing for any other ref.
std::optional<Wanted> wanted_of(Work work);

/// Takes off the front what goes into one command: one mailbox, one UIDVALIDITY, the same parts, no UID twice, and at most
/// so many octets but one message at least.
std::vector<Wanted> next_batch(std::deque<Wanted>& waiting, std::uint64_t most_octets);

UidSet uids_of(const std::vector<Wanted>& batch);

}  // namespace mailpipe::imap
