#include "wanted.hpp"

#include <algorithm>
#include <charconv>
#include <set>

namespace mailpipe::imap {

std::optional<Wanted> wanted_of(Work work) {
  const std::string& ref = work.ref;
  const char* const end = ref.data() + ref.size();
  Wanted wanted;
  const auto validity = std::from_chars(ref.data(), end, wanted.uid_validity);
  if (validity.ec != std::errc() || validity.ptr == end || *validity.ptr != ':') {
    return std::nullopt;
  }
  const auto uid = std::from_chars(validity.ptr + 1, end, wanted.uid);
  if (uid.ec != std::errc() || uid.ptr != end || wanted.uid == 0) {
    return std::nullopt;
  }
  wanted.work = std::move(work);
  return wanted;
}

std::vector<Wanted> next_batch(std::deque<Wanted>& waiting, std::uint64_t most_octets) {
  std::vector<Wanted> batch;
  std::set<std::uint32_t> uids;
  std::uint64_t octets = 0;
  std::size_t most = 500;
  while (!waiting.empty()) {
    const Wanted& next = waiting.front();
    most = std::min(most, next.with_others);
    if (!batch.empty() &&
        (batch.size() >= most || octets + next.octets() > most_octets ||
         next.work.stream != batch.front().work.stream ||
         next.work.want != batch.front().work.want ||
         next.uid_validity != batch.front().uid_validity || uids.contains(next.uid))) {
      break;
    }
    octets += next.octets();
    uids.insert(next.uid);
    batch.push_back(std::move(waiting.front()));
    waiting.pop_front();
  }
  return batch;
}

UidSet uids_of(const std::vector<Wanted>& batch) {
  UidSet set;
  for (const Wanted& wanted : batch) {
    set.add(wanted.uid);
  }
  return set;
}

}  // namespace mailpipe::imap
