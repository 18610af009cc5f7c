// What is asked of the server about a mailbox. See mailbox_sync.hpp; mailbox_answers.cpp reads what it says.
#include "mailbox_sync.hpp"
#include "reply.hpp"

#include <mailpipe/host.hpp>

#include <algorithm>

namespace mailpipe::imap {

namespace {

/// A command line that every server takes (RFC 7162 section 4: 8192 octets).
constexpr std::size_t kMostSetOctets = 6000;
constexpr std::size_t kMostKnownOctets = 2000;

/// So many new messages are asked for at once; they wait in memory until all of it is answered.
constexpr std::uint64_t kMostAtOnce = 10'000;

/// Takes the first so many off.
UidSet take_first(UidSet& uids, std::uint64_t most) {
  UidSet first;
  for (const UidSet::Range& range : uids.ranges()) {
    if (most == 0) {
      break;
    }
    const std::uint64_t size = std::min<std::uint64_t>(most, range.last - range.first + 1ULL);
    first.add({range.first, static_cast<std::uint32_t>(range.first + size - 1)});
    most -= size;
  }
  uids.remove(first);
  return first;
}

/// Set by set, each short enough for one command.
std::vector<std::string> pieces_of(const UidSet& uids) {
  std::vector<std::string> pieces;
  UidSet piece;
  for (const UidSet::Range& range : uids.ranges()) {
    piece.add(range);
    if (piece.ranges().size() >= kMostSetOctets / 22) {
      pieces.push_back(piece.text());
      piece = UidSet();
    }
  }
  if (!piece.empty()) {
    pieces.push_back(piece.text());
  }
  return pieces;
}

}  // namespace

void MailboxSync::send() {
  constexpr unsigned kMostAttempts = 6;
  if (++attempts_ > kMostAttempts) {
    fail(Error(ErrorClass::Permanent, place_name(world_.settings, info_.label) +
                                          ": the server keeps refusing what it announces"));
    return;
  }
  view_ = {};
  rows_ = 0;
  asks_new_ = false;
  scan_by_flags_ = false;
  unanswered_ = 1;  // for as long as commands are being sent
  if (rung_ == Rung::First && world_.dialect.email_id && after_.mailbox_id.empty()) {
    ask_id();
  }
  send_examine();
  switch (step_) {
    case Step::Changes:
      send_changes();
      break;
    case Step::Compare:
      send_search();
      break;
    case Step::List:
      send_list();
      break;
    case Step::Done:
      break;
  }
  one_done();
}

// What EXAMINE says must be the same: with an octet of it damaged, every later run would take the mailbox for another one.
void MailboxSync::ask_id() {
  ++unanswered_;
  send_id(
      world_.session, info_.name, [this](const std::string& id) { after_.mailbox_id = id; },
      [this](const Completion& /*result*/) { one_done(); });
}

Command MailboxSync::examine() const {
  std::string modifier;
  if (step_ == Step::Changes && rung_ == Rung::QResync) {
    modifier = " (QRESYNC (" + std::to_string(before_->uid_validity) + " " +
               std::to_string(before_->highest_modseq);
    const std::string known = after_.known.text();
    modifier += known.empty() || known.size() > kMostKnownOctets ? "))" : " " + known + "))";
  } else if (world_.dialect.condstore && !world_.dialect.qresync) {
    modifier = " (CONDSTORE)";
  }
  return Command("EXAMINE").mailbox(info_.name).text(modifier);
}

void MailboxSync::send_examine() {
  ++unanswered_;
  world_.host.count("examines");
  const Command command = examine();
  send_bounded(
      world_.session, command,
      std::make_shared<Reply>(
          [this](const Untagged& said) { hear_examine(said); },
          [this, command](const Completion& result) { examined(result, command); },
          [this](const Error& why) { fail(unreadable(world_.settings, info_.label, why)); }));
}

// Which command of one mailbox an untagged response belongs to cannot be told: Dovecot holds tagged responses back while it
// answers the next FETCH. So all of them hear the same.
void MailboxSync::send_command(const std::string& text,
                               std::function<void(const Completion&)> done) {
  ++unanswered_;
  send_bounded(
      world_.session, Command(text),
      std::make_shared<Reply>(
          [this](const Untagged& said) {
            if (view_.open && !failure_) {
              hear(said);
            }
          },
          [this, done = std::move(done)](const Completion& result) {
            if (view_.open && view_.exists != 0) {  // "1:*" in an empty mailbox may be refused
              done(result);
            }
            one_done();
          },
          [this](const Error& why) { fail(unreadable(world_.settings, info_.label, why)); }));
}

void MailboxSync::send_changes() {
  const StatusData& now = *info_.status;
  const bool news = !now.uid_next || *now.uid_next > before_->uid_next;
  if (news) {
    const std::uint64_t most =
        std::min<std::uint64_t>(now.uid_next ? *now.uid_next - before_->uid_next : UINT32_MAX,
                                now.messages.value_or(UINT32_MAX));
    news_ = most;
    asks_new_ = most <= world_.room;
    list_pending_ = !asks_new_;
    world_.room -= asks_new_ ? most : 0;
  }
  // Up to where known messages are; beyond, new ones are, unless they are left for later.
  const std::string end = list_pending_ ? "*" : std::to_string(before_->uid_next - 1);
  const bool any_known = !before_->known.empty();
  const bool never = world_.settings.flags == FlagScan::Never;
  if (rung_ == Rung::Plain && !never && any_known) {
    scanning_ = true;
    scan_by_flags_ = true;
    send_flags("1:" + end, "");
  } else if (rung_ != Rung::QResync && !adds_up(now, *before_)) {
    send_search();
  }
  if (rung_ == Rung::CondStore && !never && any_known) {
    send_flags("1:" + std::to_string(before_->uid_next - 1),
               " (CHANGEDSINCE " + std::to_string(before_->highest_modseq) + ")");
  }
  if (asks_new_) {
    send_new(std::to_string(before_->uid_next) + ":*");
  }
}

std::uint64_t MailboxSync::expected() const {
  return std::min(info_.status->messages.value_or(kMostAtOnce), kMostAtOnce);
}

void MailboxSync::send_list() {
  const bool first = rung_ == Rung::First;
  const std::uint64_t most = first ? info_.status->messages.value_or(0) : news_;
  const bool by_search = (first || list_pending_) && most > kMostAtOnce;
  if (by_search && searched_to_ == 0) {
    send_search();
    return;
  }
  asks_new_ = true;
  if (first && !by_search) {
    send_new("1:*");
    return;
  }
  UidSet& rest = by_search ? rest_ : missed_;
  chunk_ = take_first(rest, kMostAtOnce);
  for (const std::string& piece : pieces_of(chunk_)) {
    send_new(piece);
  }
  if (rest.empty() && by_search) {  // and what came after the SEARCH
    send_new(std::to_string(searched_to_) + ":*");
  } else if (rest.empty() && list_pending_) {
    send_new(std::to_string(before_->uid_next) + ":*");
  }
}

void MailboxSync::send_flags(const std::string& uids, const std::string& modifier) {
  const std::string names = world_.dialect.gmail ? item_names() : "UID FLAGS";
  send_command("UID FETCH " + uids + " (" + names + ")" + modifier,
               [this](const Completion& result) { flags_done(result); });
}

// "UID 1:*" and not "ALL": some servers answer an unlimited UID SEARCH with sequence numbers.
void MailboxSync::send_search() {
  scanning_ = true;
  send_command(world_.dialect.esearch ? "UID SEARCH RETURN (ALL) UID 1:*" : "UID SEARCH UID 1:*",
               [this](const Completion& result) {
                 if (!result.ok()) {
                   fail(refused(world_.settings, info_.label, "SEARCH", result));
                 }
               });
}

void MailboxSync::send_new(const std::string& uids) {
  send_command(
      "UID FETCH " + uids + " (" + item_names() + ")",
      [this, guid = world_.dialect.guid](const Completion& result) { new_done(result, guid); });
}

std::string MailboxSync::item_names() const {
  std::string names = "UID FLAGS INTERNALDATE RFC822.SIZE";
  if (world_.dialect.gmail) {
    names += " X-GM-MSGID X-GM-LABELS";
  } else if (world_.dialect.email_id) {
    names += " EMAILID";
  } else if (world_.dialect.guid) {
    names += " X-GUID";
  }
  return names;
}

}  // namespace mailpipe::imap
