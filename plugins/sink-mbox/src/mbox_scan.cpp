#include "box_name.hpp"
#include "mbox_sink.hpp"
#include "postmark.hpp"
#include "sha256.hpp"

#include <mailpipe/printable.hpp>

#include <array>
#include <cerrno>
#include <utility>

namespace mailpipe::mbox {
namespace {

/// The digest of a message's header, as the engine takes it: without the empty line that ends it.
class HeaderHash {
 public:
  void add(std::string_view octets) {
    while (!done_ && !octets.empty()) {
      const std::size_t end = octets.find('\n');
      const std::string_view part = octets.substr(0, end == std::string_view::npos ? end : end + 1);
      octets.remove_prefix(part.size());
      if (line_.size() <= 2) {
        line_ += part.substr(0, 3);
      }
      held_ += part;
      if (end == std::string_view::npos) {
        release(line_.size() > 2);
        continue;
      }
      done_ = line_ == "\n" || line_ == "\r\n";
      release(!done_);
      line_.clear();
    }
  }

  Digest take() {
    release(!done_ && line_ != "\r");
    return hash_.take();
  }

 private:
  void release(bool to_hash) {
    if (to_hash) {
      hash_.add(std::exchange(held_, {}));
    }
  }

  Sha256 hash_;
  std::string line_;  ///< its first octets
  std::string held_;  ///< may be the empty line
  bool done_ = false;
};

/// Where CRs stand at line ends they were kept; else they are to be put there again.
Ends likely_ends(BoxReader& reader, const Extent& extent) {
  Ends out;
  char last = 0;
  reader.read(extent.text, extent.end, [&](std::string_view octets) {
    out.raw = out.raw || (last == '\r' && octets.front() == '\n') ||
              octets.find("\r\n") != std::string_view::npos;
    last = octets.back();
  });
  return out;
}

}  // namespace

/// Opens a box to read it; the one that was read last is open already. Nothing when it is missing.
MboxSink::Reading* MboxSink::reading(const std::string& box, bool again) {
  FileInfo info;
  File file;
  if (files_.is_open() && (files_.layout() != Layout::Single || box == BoxFiles::kSingleBox)) {
    file = files_.open_if_there(box, info);
  }
  if (!file.is_open()) {
    return nullptr;
  }
  const bool same = reading_ && reading_->box == box && reading_->info.inode == info.inode &&
                    reading_->info.size == info.size && reading_->info.mtime == info.mtime;
  if (!same || again) {
    reading_.emplace();
    reading_->box = box;
    reading_->file = std::move(file);
    reading_->info = info;
    reading_->reader = std::make_unique<BoxReader>(fs_, reading_->file);
  }
  return &*reading_;
}

std::optional<Extent> MboxSink::find(const Location& location, const FileDigest& content) {
  for (const bool again : {false, true}) {
    Reading* box = reading(location.box, again);
    if (box == nullptr) {
      return std::nullopt;
    }
    if (const auto extent = find_in(*box, location, content)) {
      return extent;
    }
  }
  return std::nullopt;
}

std::optional<Extent> MboxSink::find_in(Reading& box, const Location& location,
                                        const FileDigest& content) {
  const auto shifted = static_cast<std::int64_t>(location.offset) + shift_;
  for (const std::int64_t offset : {shifted, static_cast<std::int64_t>(location.offset)}) {
    const auto extent =
        offset < 0 ? std::nullopt : box.reader->at(static_cast<std::uint64_t>(offset));
    if (extent && box.reader->digest(*extent, location.ends) == content) {
      return extent;
    }
  }
  const auto extent = box.reader->find_by_content(content, location.ends);
  if (extent) {
    shift_ = static_cast<std::int64_t>(extent->offset) - static_cast<std::int64_t>(location.offset);
  }
  return extent;
}

void MboxSink::read(const Receipt& receipt, const std::function<void(std::string_view)>& sink) {
  const auto location = parse_location(receipt.location);
  const auto extent = location ? find(*location, {receipt.size, receipt.digest}) : std::nullopt;
  if (!extent) {
    throw Error(ErrorClass::Item,
                "'" + printable(files_.path_of(location ? location->box : receipt.location)) +
                    "' does not contain the message any more",
                "it was changed or deleted after it was stored");
  }
  reading_->reader->decode(*extent, location->ends, sink);
}

void MboxSink::scan(const std::function<void(const Found&)>& found) {
  if (writable_) {
    try {
      settle();  // so that no part of a message is taken for one
    } catch (const Error& error) {
      host_.log(LogLevel::Warn, error.what());
    }
  }
  auto ends = EndsLog::load(fs_, files_.own());
  files_.for_each_box([&](const std::string& box) {
    Reading* open = reading(box, true);
    if (open != nullptr) {
      scan_box(*open, ends[box], found);
    }
  });
}

void MboxSink::scan_box(Reading& box, const EndsLog::Offsets& known,
                        const std::function<void(const Found&)>& found) {
  const auto note = record_.boxes.find(box.box);
  Found out;
  if (files_.layout() == Layout::PerMailbox) {
    out.path = note != record_.boxes.end() && !note->second.path.empty() ? note->second.path
                                                                         : mailbox_of(box.box);
  }
  BoxReader& reader = *box.reader;
  for (auto extent = reader.from(0); extent; extent = reader.at(extent->next)) {
    const auto told = known.find(extent->offset);
    const Ends ends = told != known.end() ? told->second : likely_ends(reader, *extent);
    Sha256 hash;
    HeaderHash header;
    out.size = 0;
    reader.decode(*extent, ends, [&](std::string_view octets) {
      hash.add(octets);
      header.add(octets);
      out.size += octets.size();
    });
    out.digest = hash.take();
    out.location = Location{box.box, extent->offset, ends}.text();
    out.received_at = time_of(reader.postmark(*extent));
    out.original = Found::Original{out.size, out.digest, header.take()};
    found(out);
  }
}

}  // namespace mailpipe::mbox
