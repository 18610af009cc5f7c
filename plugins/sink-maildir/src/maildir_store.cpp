// Messages on their way into tmp/: written, or linked from where they lie already.
#include "file_flags.hpp"
#include "maildir_draft.hpp"
#include "message_name.hpp"

#include <mailpipe/printable.hpp>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace mailpipe::maildir {

/// The letters of those keywords that have one here.
std::string MaildirSink::letters_of(Folder& folder, const std::vector<std::string>& keywords,
                                    bool add) {
  std::string letters;
  for (const std::string& keyword : keywords) {
    char letter = system_letter(keyword);
    if (letter == 0 && !is_never_stored(keyword)) {
      if (folder.keywords == nullptr) {
        folder.keywords = std::make_unique<KeywordTable>(fs_, host_, folder.keyword_memory);
      }
      letter = folder.keywords->letter(folder.dir, keyword, add);
    }
    if (letter != 0) {
      letters += letter;
    }
  }
  return letters;
}

Location MaildirSink::choose(const Item& item, const Mailbox& place, const FileDigest& content) {
  if (place.path.empty()) {
    throw Error(ErrorClass::Item, "a mailbox of '" + printable(item.key) + "' has no name");
  }
  Folder& folder = writable().make(place.path);
  std::string letters = letters_of(folder, item.keywords, true);
  std::string base;
  for (unsigned n = 1; base.empty() || taken_.contains(folder.location + "/" + base); ++n) {
    base = base_name(item, content, n);
  }
  // mutt, mu and others read no flags in new/; a message without any is news to them.
  const Sub sub = letters.empty() ? Sub::New : Sub::Cur;
  return {folder.location, sub, name_with(base, std::move(letters))};
}

Placed MaildirSink::place_of(const Item& item, const Mailbox& place, const FileDigest& content) {
  return {place.id, choose(item, place, content).text()};
}

MaildirSink::Draft MaildirSink::draft(const std::vector<std::string>& path) {
  Folder& folder = folders_->make(path);
  Draft out(fs_, folder, names_.next());
  if (out.file.is_open()) {
    return out;
  }
  folders_->forget(folder.location);  // somebody took the folder away while we had it open
  Draft again(fs_, folders_->make(path), names_.next());
  if (!again.file.is_open()) {
    throw_errno(-ENOENT, "cannot make the file", again.file.path());
  }
  return again;
}

Staged MaildirSink::keep(Draft draft, const FileDigest& content, std::vector<Placed> placed) {
  Staged staged{draft.token(), std::move(placed)};
  data_->add(staged.token, std::move(draft.file));
  staged_[staged.token] = content;
  draft.kept();
  return staged;
}

Staged MaildirSink::store(const Item& item, const Body& body) {
  writable();
  const FileDigest content{body.size(), body.digest()};
  std::vector<Placed> placed;
  for (const Mailbox& place : item.places) {
    const bool known = std::any_of(placed.begin(), placed.end(),
                                   [&](const Placed& each) { return each.place == place.id; });
    if (!known) {
      placed.push_back(place_of(item, place, content));
    }
  }
  if (placed.empty()) {
    throw Error(ErrorClass::Item, "'" + printable(item.key) + "' is in no mailbox",
                "a Maildir has no place for it");
  }
  Draft file = draft(item.places.front().path);
  body.for_each_chunk([&](std::string_view octets) { file.file.write_all(octets); });
  if (item.received_at) {
    file.file.set_mtime(item.received_at->time_since_epoch().count());
  }
  return keep(std::move(file), content, std::move(placed));
}

Staged MaildirSink::link(const Receipt& receipt, const Item& item, const std::string& place) {
  writable();
  const auto mailbox = std::find_if(item.places.begin(), item.places.end(),
                                    [&](const Mailbox& each) { return each.id == place; });
  if (mailbox == item.places.end()) {
    throw Error(ErrorClass::Internal, "'" + printable(item.key) + "' is not in that mailbox");
  }
  const FileDigest content = content_of(receipt);
  std::vector<Placed> placed = {place_of(item, *mailbox, content)};
  const auto from = file_of(receipt);
  if (!from || !lies_there(*from, content)) {
    throw Error(ErrorClass::Item,
                "'" + printable(path_of(receipt.location)) + "' is not there, or not as stored",
                "it was moved, changed or deleted after it was stored");
  }
  Folder& to = folders_->make(mailbox->path);
  const Location staging{to.location, Sub::Tmp, names_.next()};
  Folder* source = folders_->at(from->folder);
  const int linked = source == nullptr ? -ENOENT
                                       : fs_.linkat(source->sub(from->sub).fd(), from->name.c_str(),
                                                    to.sub(Sub::Tmp).fd(), staging.name.c_str());
  if (no_more_links(linked)) {
    return copy(*from, item, *mailbox, content, std::move(placed));
  }
  if (linked == -ENOENT) {
    throw Error(ErrorClass::Item, "'" + printable(path_of(from->text())) + "' went away just now");
  }
  if (linked < 0) {
    throw_errno(linked, "cannot link", path_of(from->text()));
  }
  staged_[staging.text()] = content;
  return {staging.text(), std::move(placed)};
}

Staged MaildirSink::copy(const Location& from, const Item& item, const Mailbox& to,
                         const FileDigest& content, std::vector<Placed> placed) {
  int result = 0;
  const File source = open_file(from, result);
  if (result < 0) {
    throw Error(ErrorClass::Item, "'" + printable(path_of(from.text())) + "' went away just now");
  }
  Draft file = draft(to.path);
  for_each_chunk(fs_, source, [&](std::string_view octets) { file.file.write_all(octets); });
  if (item.received_at) {
    file.file.set_mtime(item.received_at->time_since_epoch().count());
  }
  return keep(std::move(file), content, std::move(placed));
}

}  // namespace mailpipe::maildir
