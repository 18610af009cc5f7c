#include "stream_match.hpp"

#include "mailbox_name.hpp"

#include <algorithm>

namespace mailpipe::imap {

namespace {

std::string numbered(const std::string& raw, int number) {
  return raw + " (" + std::to_string(number) + ")";
}

}  // namespace

StreamMatch::StreamMatch(const Cursors& cursors) {
  for (const Cursor& cursor : cursors) {
    Known known{cursor.stream, cursor.name, MailboxCursor::from_text(cursor.value), cursor.name};
    if (known.cursor) {
      known.name = known.cursor->name;
    }
    if (known.cursor && !known.cursor->mailbox_id.empty()) {
      by_id_.emplace(known.cursor->mailbox_id, known_.size());
    }
    // Of two that had the name at some time, the one that is not gone.
    const auto [at, is_new] = by_name_.emplace(folded(known.name), known_.size());
    if (!is_new && (!known.cursor || !known.cursor->gone)) {
      at->second = known_.size();
    }
    stream_names_.insert(cursor.name);
    known_.push_back(std::move(known));
  }
}

StreamMatch::Known* StreamMatch::find_by_id(const std::string& mailbox_id) {
  const auto found = by_id_.find(mailbox_id);
  return mailbox_id.empty() || found == by_id_.end() ? nullptr : &known_[found->second];
}

StreamMatch::Known* StreamMatch::find_by_name(const MailboxInfo& mailbox) {
  const auto found = by_name_.find(folded(mailbox.name));
  return found == by_name_.end() || known_[found->second].taken ? nullptr : &known_[found->second];
}

StreamMatch::Known* StreamMatch::find_stream(const std::string& stream_name) {
  const auto found = std::find_if(known_.begin(), known_.end(), [&](const Known& known) {
    return known.stream_name == stream_name;
  });
  return found == known_.end() ? nullptr : &*found;
}

// The stream that unused_name() named for this mailbox in a first listing that broke off, ahead of any cursor. A new one would
// give the mailbox's messages other keys. Only where another mailbox took its stream along can there have been a number.
StreamMatch::Known* StreamMatch::find_begun(const std::string& raw) {
  const Known* const first = find_stream(raw);
  if (first == nullptr || !first->cursor || folded(first->cursor->name) == folded(raw)) {
    return nullptr;
  }
  for (int number = 2;; ++number) {
    Known* const known = find_stream(numbered(raw, number));
    if (known == nullptr || (!known->cursor && !known->taken)) {
      return known;
    }
  }
}

std::string StreamMatch::unused_name(const std::string& raw) {
  std::string name = raw;
  for (int number = 2; !stream_names_.insert(name).second; ++number) {
    name = numbered(raw, number);
  }
  return name;
}

bool StreamMatch::unsure(const std::vector<MailboxInfo>& mailboxes) {
  std::set<const Known*> found;
  for (const MailboxInfo& mailbox : mailboxes) {
    const Known* known = find_by_name(mailbox);
    found.insert(known);
    if (known != nullptr && known->cursor && !known->cursor->gone && mailbox.status &&
        mailbox.status->uid_validity != known->cursor->uid_validity) {
      return true;
    }
  }
  return std::any_of(known_.begin(), known_.end(), [&](const Known& known) {
    return known.cursor && !known.cursor->mailbox_id.empty() && !found.contains(&known);
  });
}

std::vector<StreamMatch::Match> StreamMatch::match(const std::vector<MailboxInfo>& mailboxes) {
  std::vector<Match> out(mailboxes.size());
  std::vector<bool> done(mailboxes.size());
  const auto take = [&](std::size_t i, Known& known) {
    known.taken = true;
    done[i] = true;
    out[i] = {known.stream_name, known.cursor};
  };
  for (std::size_t i = 0; i < mailboxes.size(); ++i) {
    Known* known = find_by_id(mailboxes[i].mailbox_id);
    if (known != nullptr && !known->taken) {
      take(i, *known);
    }
  }
  for (std::size_t i = 0; i < mailboxes.size(); ++i) {
    Known* known = done[i] ? nullptr : find_by_name(mailboxes[i]);
    if (known == nullptr) {
      continue;
    }
    take(i, *known);
    auto& before = out[i].before;
    const std::string& id = mailboxes[i].mailbox_id;
    if (before && !before->mailbox_id.empty() && !id.empty() && before->mailbox_id != id) {
      before->uid_validity = 0;  // another mailbox under the name of one that was deleted
    }
  }
  for (std::size_t i = 0; i < mailboxes.size(); ++i) {
    if (done[i]) {
      continue;
    }
    if (Known* const known = find_begun(mailboxes[i].name); known != nullptr) {
      take(i, *known);
    } else {
      out[i].stream_name = unused_name(mailboxes[i].name);
    }
  }
  return out;
}

}  // namespace mailpipe::imap
