#include "stream_match.hpp"

#include "mailbox_name.hpp"

#include <algorithm>

namespace mailpipe::imap {

namespace {

bool is_here(const StreamMatch::Known& known) {
  return known.cursor && !known.cursor->gone;
}

}  // namespace

StreamMatch::StreamMatch(const Cursors& cursors) {
  for (const Cursor& cursor : cursors) {
    Known known{cursor.stream, cursor.name, MailboxCursor::from_text(cursor.value), cursor.name};
    stream_names_.insert(cursor.name);
    if (known.cursor) {
      known.name = known.cursor->name;
      if (!known.cursor->mailbox_id.empty()) {
        by_id_.emplace(known.cursor->mailbox_id, known_.size());
      }
    }
    known_.push_back(std::move(known));
  }
  for (const bool listed : {true, false}) {
    for (std::size_t i = 0; i < known_.size(); ++i) {
      if (known_[i].cursor.has_value() == listed) {
        add_name(i);
      }
    }
  }
}

// Of several that had the name at some time, the one that is not gone.
void StreamMatch::add_name(std::size_t at) {
  Known& known = known_[at];
  if (!known.cursor) {
    known.name = first_name(known.stream_name);
  }
  const auto [holder, is_new] = by_name_.emplace(folded(known.name), at);
  if (!is_new && (known.cursor ? !known.cursor->gone : !is_here(known_[holder->second]))) {
    holder->second = at;
  }
}

// Of a first listing that broke off there is no more than the stream's name: what unused_name() was given, unless another
// mailbox that is here has it.
std::string StreamMatch::first_name(const std::string& stream_name) const {
  const std::size_t space = stream_name.rfind(" (");
  if (space == std::string::npos || !stream_name.ends_with(')')) {
    return stream_name;
  }
  const std::string raw = stream_name.substr(0, space);
  const std::string number = stream_name.substr(space + 2, stream_name.size() - space - 3);
  const bool is_number = !number.empty() && number.find_first_not_of("0123456789") == number.npos;
  const auto holder = by_name_.find(folded(raw));
  const bool is_held = holder != by_name_.end() && is_here(known_[holder->second]);
  return is_number && stream_names_.contains(raw) && !is_held ? raw : stream_name;
}

StreamMatch::Known* StreamMatch::find_by_id(const std::string& mailbox_id) {
  const auto found = by_id_.find(mailbox_id);
  return mailbox_id.empty() || found == by_id_.end() ? nullptr : &known_[found->second];
}

StreamMatch::Known* StreamMatch::find_by_name(const MailboxInfo& mailbox) {
  const auto found = by_name_.find(folded(mailbox.name));
  return found == by_name_.end() || known_[found->second].taken ? nullptr : &known_[found->second];
}

std::string StreamMatch::unused_name(const std::string& raw) {
  std::string name = raw;
  for (int number = 2; !stream_names_.insert(name).second; ++number) {
    name = raw + " (" + std::to_string(number) + ")";
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
    if (!done[i]) {
      out[i].stream_name = unused_name(mailboxes[i].name);
    }
  }
  return out;
}

}  // namespace mailpipe::imap
