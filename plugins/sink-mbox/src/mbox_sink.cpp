#include "mbox_sink.hpp"

#include "box_name.hpp"
#include "data_sync.hpp"
#include "postmark.hpp"

#include <mailpipe/printable.hpp>
#include <mailpipe/root_marker.hpp>

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

namespace mailpipe::mbox {
namespace {

Layout layout_of(const std::string& word) {
  return word == "single" ? Layout::Single : Layout::PerMailbox;
}

}  // namespace

MboxSink::MboxSink(const Options& options, Host& host)
    : host_(host),
      fs_(host.fs()),
      files_(host, layout_of(options.text_or("layout", "per_mailbox")), options.text("path")) {}

void MboxSink::open(bool read_only) {
  files_.open(read_only);
  writable_ = !read_only;
  if (writable_) {
    stages_.emplace(fs_, files_.own());
  }
  if (files_.own().is_open()) {
    record_ = Record::load(fs_, files_.own());
  }
  settled_ = record_.appends.empty();
}

void MboxSink::writable() const {
  if (!writable_) {
    throw Error(ErrorClass::Internal, "the sink was opened to look only");
  }
}

RootState MboxSink::root() {
  RootState state;
  if (files_.marked().is_open()) {
    state.marker = read_root_marker(fs_, files_.marked());
  }
  if (!state.marker.empty()) {
    state.empty = false;  // it has been in use: nobody asks again
    return state;
  }
  files_.for_each_box([&](const std::string& box) {
    FileInfo info;
    state.empty = state.empty && (!files_.open_if_there(box, info).is_open() || info.size == 0);
  });
  return state;
}

void MboxSink::mark(const std::string& text) {
  writable();
  // A new ledger: the boxes count as they are now.
  record_ = {};
  files_.for_each_box([&](const std::string& box) {
    FileInfo info;
    if (files_.open_if_there(box, info).is_open()) {
      record_.boxes[box] = {{}, info.inode, info.size};
      if (files_.layout() == Layout::PerMailbox) {
        record_.boxes[box].path = mailbox_of(box);
      }
    }
  });
  settled_ = true;
  record_.save(fs_, files_.own(), true);
  files_.sync();  // with layout single the marker lies in our own folder, and goes with its name
  write_root_marker(fs_, files_.marked(), text);
}

/// The box of a place; nothing is made yet.
std::string MboxSink::box_of(const Mailbox& place) const {
  return files_.layout() == Layout::Single ? BoxFiles::kSingleBox : box_name(place.path);
}

/// Where the next message of a box will lie, if nobody else appends before it.
std::uint64_t MboxSink::expected_end(const std::string& box) {
  if (const auto known = ends_.find(box); known != ends_.end()) {
    return known->second;
  }
  FileInfo info;
  const File file = files_.open_if_there(box, info);
  return file.is_open() ? info.size + newlines_wanted(file, info.size) : 0;
}

Location MboxSink::place_in(const std::string& box, std::uint64_t length, Ends ends) {
  Location out{box, expected_end(box), ends};
  ends_[box] = out.offset + length;
  return out;
}

Staged MboxSink::store(const Item& item, const Body& body) {
  writable();
  if (item.places.empty()) {
    throw Error(ErrorClass::Item, "the message is in no mailbox");
  }
  const Ends ends = ends_of(body);
  const Token token = stages_->add([&](const std::function<void(std::string_view)>& out) {
    Encoder encoder(ends, [&, first = true](std::string_view octets) mutable {
      if (std::exchange(first, false)) {
        out(postmark(body, item.received_at).append(octets));  // one write for most messages
      } else {
        out(octets);
      }
    });
    body.for_each_chunk([&](std::string_view octets) { encoder.add(octets); });
    encoder.finish();
  });
  Staged staged{token.text(), {}};
  std::map<std::string, std::string> locations;  // two places may be one box
  for (const Mailbox& place : item.places) {
    const std::string box = box_of(place);
    if (!locations.contains(box)) {
      locations[box] = place_in(box, token.length, ends).text();
      paths_[box] = files_.layout() == Layout::Single ? std::vector<std::string>() : place.path;
    }
    staged.placed.push_back({place.id, locations[box]});
  }
  return staged;
}

Staged MboxSink::link(const Receipt& receipt, const Item& item, const std::string& place) {
  writable();
  const auto from = parse_location(receipt.location);
  const FileDigest content{receipt.size, receipt.digest};
  const auto to = std::find_if(item.places.begin(), item.places.end(),
                               [&](const Mailbox& each) { return each.id == place; });
  if (to == item.places.end()) {
    throw Error(ErrorClass::Internal,
                "the message is not in the mailbox that it is to be linked to");
  }
  const auto extent = from ? find(*from, content) : std::nullopt;
  if (!extent) {
    throw Error(ErrorClass::Item, "'" + printable(receipt.location) + "' is not there",
                "it was changed or deleted after it was stored");
  }
  const std::string box = box_of(*to);
  if (box == from->box) {
    return {"", {{place, receipt.location}}};  // it lies there already
  }
  // The octets as they lie: they are encoded, and the postmark is theirs.
  Ends ends = from->ends;
  const Token token = stages_->add([&](const std::function<void(std::string_view)>& out) {
    char last = 0;
    reading_->reader->read(extent->offset, extent->end, [&](std::string_view octets) {
      out(octets);
      last = octets.back();
    });
    ends.cut = ends.cut || last != '\n';
    out(last == '\n' ? "\n" : "\n\n");
  });
  paths_[box] = to->path;
  return {token.text(), {{place, place_in(box, token.length, ends).text()}}};
}

void MboxSink::publish(const Staged& staged) {
  writable();
  if (staged.token.empty()) {
    return;  // a link to where it lies already
  }
  const auto token = parse_token(staged.token);
  for (const Placed& placed : staged.placed) {
    const auto location = parse_location(placed.location);
    if (!token || !location) {
      throw Error(ErrorClass::Internal,
                  "'" + printable(placed.location) + "' is no name that this sink gave");
    }
    const Append append{*token, location->box, location->ends};
    if (appended_.contains(append) || waiting_.contains(append)) {
      continue;
    }
    if (!stages_->contains(*token)) {
      throw Error(ErrorClass::Item,
                  "the staged octets of '" + printable(placed.location) + "' have vanished");
    }
    published_.push_back(append);
    waiting_.insert(append);
  }
}

void MboxSink::discard(const Staged& staged) {
  writable();
  if (const auto token = parse_token(staged.token)) {
    std::erase_if(published_, [&](const Append& each) { return each.token == *token; });
    std::erase_if(waiting_, [&](const Append& each) { return each.token == *token; });
    stages_->drop(*token);
    stages_->tidy();
    ends_.clear();  // what comes later lies nearer
  }
}

void MboxSink::sync(SyncPhase phase) {
  writable();
  if (broken_) {
    throw_broken_sync(files_.path_of(""));
  }
  if (phase == SyncPhase::Data) {
    stages_->sync();
    return;
  }
  broken_ = true;  // unless all goes well: what is half done is for recovery
  if (!published_.empty()) {
    append_published();
  }
  files_.sync();
  if (std::exchange(noted_, false)) {
    record_.save(fs_, files_.own(), false);
  }
  broken_ = false;
}

BoxNote& MboxSink::note_of(const std::string& box) {
  BoxNote& note = record_.boxes[box];
  if (const auto path = paths_.find(box); note.path.empty() && path != paths_.end()) {
    note.path = path->second;
  }
  return note;
}

void MboxSink::mailbox(MailboxChange change, const Mailbox& mailbox) {
  writable();
  if (mailbox.path.empty() || files_.layout() == Layout::Single) {
    return;
  }
  const std::string box = box_of(mailbox);
  const auto place = files_.place_of(box, change == MailboxChange::Create);
  FileInfo info;
  if (change == MailboxChange::Create) {
    const File file = files_.make_box(place);
    if (!record_.boxes.contains(box) && fs_.stat(file.fd(), "", info) == 0) {
      paths_[box] = mailbox.path;
      BoxNote& note = note_of(box);
      note.inode = info.inode;
      note.length = info.size;
      noted_ = true;
    }
    return;
  }
  if (record_.boxes.contains(box) && place.folder.is_open() &&
      fs_.stat(place.folder.fd(), place.name.c_str(), info) == 0 && S_ISREG(info.mode) &&
      info.size == 0) {
    fs_.unlinkat(place.folder.fd(), place.name.c_str(), 0);
    record_.boxes.erase(box);
    noted_ = true;
  }
}

}  // namespace mailpipe::mbox
