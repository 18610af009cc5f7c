#include "box_reader.hpp"

#include "postmark.hpp"
#include "sha256.hpp"

#include <mailpipe/error.hpp>

#include <algorithm>
#include <cstddef>

namespace mailpipe::mbox {
namespace {

constexpr std::size_t kChunk = std::size_t{256} * 1024;

}  // namespace

/// Makes `buffer_` begin at `offset`, with `count` octets at least if there are so many.
std::size_t BoxReader::read_some(std::uint64_t offset, std::size_t count) {
  if (offset >= buffered_at_ && offset + count <= buffered_at_ + buffer_.size()) {
    return static_cast<std::size_t>(offset - buffered_at_);
  }
  buffer_.resize(std::max(count, kChunk));
  buffered_at_ = offset;
  std::size_t filled = 0;
  while (filled < buffer_.size()) {
    const std::int64_t n =
        fs_.pread(file_.fd(), buffer_.data() + filled, buffer_.size() - filled, offset + filled);
    if (n < 0) {
      buffer_.clear();
      throw_errno(static_cast<int>(n), "cannot read", file_.path());
    }
    if (n == 0) {
      break;
    }
    filled += static_cast<std::size_t>(n);
  }
  buffer_.resize(filled);
  return 0;
}

/// Of the first line at or behind `line_start` that is a postmark, or the file's end.
std::uint64_t BoxReader::next_postmark(std::uint64_t line_start) {
  constexpr std::string_view kBreak = "\nFrom ";
  for (bool first = true;; first = false) {
    const std::size_t at = read_some(line_start, kPostmark.size() + 1);
    const std::string_view text = std::string_view(buffer_).substr(at);
    if (first && text.starts_with(kPostmark)) {
      return line_start;
    }
    const std::size_t found = text.find(kBreak);
    if (found != std::string_view::npos) {
      return line_start + found + 1;
    }
    if (text.size() < kBreak.size()) {
      return line_start + text.size();
    }
    line_start += text.size() - kBreak.size() + 1;
  }
}

std::optional<Extent> BoxReader::at(std::uint64_t offset) {
  const std::uint64_t before = offset == 0 ? 0 : offset - 1;
  const std::size_t begin = read_some(before, kPostmark.size() + 1);
  std::string_view text = std::string_view(buffer_).substr(begin);
  if (offset > 0) {
    if (!text.starts_with('\n')) {
      return std::nullopt;
    }
    text.remove_prefix(1);
  }
  return text.starts_with(kPostmark) ? from(offset) : std::nullopt;
}

std::optional<Extent> BoxReader::from(std::uint64_t offset) {
  Extent out;
  out.offset = next_postmark(offset);
  std::size_t at = read_some(out.offset, kPostmark.size());
  if (!std::string_view(buffer_).substr(at).starts_with(kPostmark)) {
    return std::nullopt;
  }
  for (out.text = out.offset;; out.text += buffer_.size() - at) {
    at = read_some(out.text, 1);
    if (at >= buffer_.size()) {
      out.end = out.next = out.text;  // the file ends in the postmark
      return out;
    }
    const std::size_t newline = buffer_.find('\n', at);
    if (newline != std::string::npos) {
      out.text += newline + 1 - at;
      break;
    }
  }
  out.next = next_postmark(out.text);
  const std::uint64_t tail = out.next - std::min<std::uint64_t>(2, out.next - out.text);
  at = read_some(tail, static_cast<std::size_t>(out.next - tail));
  const std::string_view last =
      std::string_view(buffer_).substr(at, static_cast<std::size_t>(out.next - tail));
  out.end = last == "\n\n" || last == "\n" ? out.next - 1 : out.next;
  return out;
}

std::string BoxReader::postmark(const Extent& extent) {
  const auto size =
      static_cast<std::size_t>(std::min<std::uint64_t>(extent.text - extent.offset, 512));
  const std::size_t at = read_some(extent.offset, size);
  return buffer_.substr(at, size);
}

void BoxReader::read(std::uint64_t begin, std::uint64_t end, const Output& out) {
  while (begin < end) {
    const std::size_t at = read_some(begin, 1);
    const auto size =
        static_cast<std::size_t>(std::min<std::uint64_t>(end - begin, buffer_.size() - at));
    if (size == 0) {
      return;
    }
    out(std::string_view(buffer_).substr(at, size));
    begin += size;
  }
}

void BoxReader::decode(const Extent& extent, Ends ends, const Output& out) {
  Decoder decoder(ends, out);
  read(extent.text, extent.end, [&](std::string_view octets) { decoder.add(octets); });
  decoder.finish();
}

FileDigest BoxReader::digest(const Extent& extent, Ends ends) {
  Sha256 hash;
  FileDigest out;
  decode(extent, ends, [&](std::string_view octets) {
    hash.add(octets);
    out.size += octets.size();
  });
  out.digest = hash.take();
  return out;
}

/// What its size will be when it is decoded follows from these.
BoxReader::Measured BoxReader::measure(const Extent& extent) {
  Measured out{extent, 0, 0};
  std::uint64_t size = 0;
  decode(extent, {.raw = true, .cut = false}, [&](std::string_view octets) {
    out.lines += static_cast<std::uint64_t>(std::count(octets.begin(), octets.end(), '\n'));
    size += octets.size();
  });
  out.quotes = extent.end - extent.text - size;
  return out;
}

std::optional<Extent> BoxReader::find_by_content(const FileDigest& content, Ends ends) {
  if (index_.empty()) {
    for (auto extent = from(0); extent; extent = at(extent->next)) {
      index_.push_back(measure(*extent));
    }
  }
  for (const Measured& each : index_) {
    std::uint64_t size = each.extent.end - each.extent.text - each.quotes;
    size += ends.raw ? 0 : each.lines;
    size -= ends.cut ? std::min<std::uint64_t>(size, ends.raw ? 1 : 2) : 0;
    if (size == content.size && digest(each.extent, ends) == content) {
      return each.extent;
    }
  }
  return std::nullopt;
}

}  // namespace mailpipe::mbox
