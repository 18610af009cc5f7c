#include "tail.hpp"

#include "file_digest.hpp"
#include "postmark.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <string>

namespace mailpipe::mbox {
namespace {

constexpr std::size_t kChunk = std::size_t{256} * 1024;

/// Fills as much of the span as there is.
std::size_t read_at(Fs& fs, const File& file, char* to, std::size_t count, std::uint64_t offset) {
  std::size_t done = 0;
  while (done < count) {
    const std::int64_t n = fs.pread(file.fd(), to + done, count - done, offset + done);
    if (n < 0) {
      throw_errno(static_cast<int>(n), "cannot read", file.path());
    }
    if (n == 0) {
      break;
    }
    done += static_cast<std::size_t>(n);
  }
  return done;
}

std::string text_at(Fs& fs, const File& file, std::uint64_t offset, std::size_t count) {
  std::string out(count, '\0');
  out.resize(read_at(fs, file, out.data(), count, offset));
  return out;
}

/// Where the message of the append begins that the octet `at` of it belongs to.
std::uint64_t start_of(const BoxAppend& append, std::uint64_t at) {
  std::uint64_t start = append.lead;
  for (const Range& range : append.ranges) {
    if (start + range.length > at) {
      break;
    }
    start += range.length;
  }
  return start;
}

/// Somebody's message where the box stops being like ours: its postmark lies there, perhaps behind
/// newlines that were to end our part; or it began like the message of ours that was to lie there.
bool find_foreign(Fs& fs, const File& box, const BoxAppend& append, std::uint64_t like,
                  std::uint64_t& at) {
  const std::string text = text_at(fs, box, append.old_length + like, kPostmark.size() + 2);
  const std::size_t line = std::min<std::size_t>(text.find_first_not_of('\n'), text.size());
  if (line <= 2 && std::string_view(text).substr(line).starts_with(kPostmark)) {
    at = append.old_length + like + (like == 0 ? 0 : line);  // nothing of ours: all is theirs
    return true;
  }
  const std::uint64_t start = start_of(append, like);
  if (start > like || like - start > 512) {
    return false;
  }
  const std::string same =
      text_at(fs, box, append.old_length + start, static_cast<std::size_t>(like - start));
  at = append.old_length + start;
  return same.starts_with(kPostmark) && same.find('\n') == std::string::npos;
}

}  // namespace

void for_each_chunk(Fs& fs, const std::vector<File>& stages, const BoxAppend& append,
                    const std::function<void(std::string_view)>& out) {
  std::string buffer(static_cast<std::size_t>(append.lead), '\n');
  for (std::size_t i = 0; i < append.ranges.size();) {
    Range range = append.ranges[i++];
    for (; i < append.ranges.size() && append.ranges[i].stage == range.stage &&
           append.ranges[i].offset == range.offset + range.length;
         ++i) {
      range.length += append.ranges[i].length;  // they lie side by side: one read
    }
    const File& stage = stages.at(range.stage);
    while (range.length > 0) {
      const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(range.length, kChunk));
      const std::size_t at = buffer.size();
      buffer.resize(at + count);
      if (read_at(fs, stage, buffer.data() + at, count, range.offset) < count) {
        throw Error(ErrorClass::Permanent, "'" + stage.path() + "' is shorter than it was");
      }
      range.offset += count;
      range.length -= count;
      if (buffer.size() >= kChunk) {
        out(buffer);
        buffer.clear();
      }
    }
  }
  if (!buffer.empty()) {
    out(buffer);
  }
}

Tail compare_tail(Fs& fs, const File& box, std::uint64_t size, const std::vector<File>& stages,
                  const BoxAppend& append) {
  std::uint64_t equal = 0;  // so many octets are ours
  std::uint64_t like = 0;   // ... or zeros
  std::uint64_t position = 0;
  for_each_chunk(fs, stages, append, [&](std::string_view ours) {
    if (like < position) {
      return;  // they differ already
    }
    const std::string there = text_at(fs, box, append.old_length + position, ours.size());
    for (std::size_t i = 0; i < there.size() && (there[i] == ours[i] || there[i] == '\0'); ++i) {
      equal += equal == like && there[i] == ours[i] ? 1 : 0;
      ++like;
    }
    position += ours.size();
  });
  Tail out;
  if (equal == append.length()) {
    out.kind = Tail::Kind::Whole;
  } else if (append.old_length + like >= size) {
    out.kind = Tail::Kind::Part;
  } else if (find_foreign(fs, box, append, like, out.at)) {
    out.kind = Tail::Kind::Foreign;
  }
  return out;
}

}  // namespace mailpipe::mbox
