// What is asked of the server about a mailbox, and how its answers are read.
#include "mailbox_name.hpp"
#include "mailbox_sync.hpp"
#include "reply.hpp"

#include <mailpipe/host.hpp>

#include <algorithm>
#include <charconv>

namespace mailpipe::imap {

namespace {

/// A command line that every server takes (RFC 7162 section 4: 8192 octets).
constexpr std::size_t kMostSetOctets = 6000;
constexpr std::size_t kMostKnownOctets = 2000;

template <class Number>
Number number_of(const std::string& text) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? number : Number{0};
}

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
    send_id();
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
void MailboxSync::send_id() {
  ++unanswered_;
  send_bounded(world_.session, Command("STATUS").mailbox(info_.name).text(" (MAILBOXID)"),
               std::make_shared<Reply>(
                   [this](const Untagged& said) {
                     if (const auto* status = std::get_if<StatusData>(&said);
                         status != nullptr && folded(status->name) == folded(info_.name)) {
                       after_.mailbox_id = object_id_in(status->mailbox_id);
                     }
                   },
                   [this](const Completion& /*result*/) { one_done(); }));
}

void MailboxSync::send_examine() {
  std::string modifier;
  if (step_ == Step::Changes && rung_ == Rung::QResync) {
    modifier = " (QRESYNC (" + std::to_string(before_->uid_validity) + " " +
               std::to_string(before_->highest_modseq);
    const std::string known = after_.known.text();
    modifier += known.empty() || known.size() > kMostKnownOctets ? "))" : " " + known + "))";
  } else if (world_.dialect.condstore && !world_.dialect.qresync) {
    modifier = " (CONDSTORE)";
  }
  ++unanswered_;
  world_.host.count("examines");
  send_bounded(world_.session, Command("EXAMINE").mailbox(info_.name).text(modifier),
               std::make_shared<Reply>([this](const Untagged& said) { hear_examine(said); },
                                       [this](const Completion& result) { examined(result); },
                                       [this](const Error& why) {
                                         fail(unreadable(world_.settings, info_.label, why));
                                       }));
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

void MailboxSync::hear_examine(const Untagged& said) {
  if (const auto* notice = std::get_if<Notice>(&said)) {
    hear_notice(*notice);
  } else if (const auto* exists = std::get_if<ExistsData>(&said)) {
    view_.at_open = exists->messages;
    view_.exists = exists->messages;
  } else if (!credited()) {
    return;  // before UIDVALIDITY was said it is about the mailbox opened before
  } else if (const auto* row = std::get_if<FetchData>(&said)) {
    tell_flags(*row);
  } else {
    hear(said);
  }
}

void MailboxSync::hear_notice(const Notice& notice) {
  const Code& code = notice.code;
  if (code.name == "CLOSED") {
    view_ = {};
  } else if (code.name == "UIDVALIDITY") {
    view_.uid_validity = number_of<std::uint32_t>(code.argument);
  } else if (code.name == "UIDNEXT") {
    view_.uid_next = number_of<std::uint32_t>(code.argument);
  } else if (code.name == "HIGHESTMODSEQ") {
    view_.modseq = number_of<std::uint64_t>(code.argument);
  } else if (code.name == "MAILBOXID") {
    view_.mailbox_id = object_id_in(code.argument);
  } else if (code.name == "NOMODSEQ") {
    view_.no_modseq = true;
  }
}

void MailboxSync::hear(const Untagged& said) {
  if (const auto* row = std::get_if<FetchData>(&said)) {
    hear_row(*row);
  } else if (const auto* found = std::get_if<SearchData>(&said)) {
    scanned_.add(found->uids);
  } else if (const auto* vanished = std::get_if<VanishedData>(&said)) {
    if (!vanished->earlier) {
      expunged(vanished->uids.count());
    }
    vanish(vanished->uids);
  } else if (const auto* exists = std::get_if<ExistsData>(&said)) {
    view_.exists = exists->messages;
  } else if (std::holds_alternative<ExpungeData>(said)) {
    expunged(1);
  }
}

/// Whether this step asked for all of that message. ("n:*" gives the last one, too, where it is older than n.)
bool MailboxSync::is_new(std::uint32_t uid) const {
  return asks_new_ && !after_.known.contains(uid) &&
         (rung_ == Rung::First || uid >= before_->uid_next || chunk_.contains(uid));
}

void MailboxSync::hear_row(const FetchData& row) {
  if (row.uid == 0) {
    return;
  }
  if (scan_by_flags_) {
    scanned_.add(row.uid);
  }
  if (is_new(row.uid)) {
    hear_new(row);
  } else if (contradicts(row)) {
    fail(unreadable(
        world_.settings, info_.label,
        Error(ErrorClass::Item, "two messages have the UID " + std::to_string(row.uid))));
  } else {
    tell_flags(row);
  }
}

/// Of a UID that was told in this step, too. One of the two rows is about a message that would be missed.
bool MailboxSync::contradicts(const FetchData& row) const {
  const auto place = places_.find(row.uid);
  if (place == places_.end()) {
    return false;
  }
  const Item& told = *deferred_[place->second];
  const Item now = item_of(row);
  return (now.size && told.size && now.size != told.size) ||
         (!now.server_id.empty() && !told.server_id.empty() && now.server_id != told.server_id);
}

void MailboxSync::hear_new(const FetchData& row) {
  if (row.size && row.flags) {
    tell_new(row);
    return;
  }
  constexpr std::size_t kMostParts = 100'000;
  if (parts_.size() == kMostParts) {
    fail(Error(ErrorClass::Permanent, place_name(world_.settings, info_.label) +
                                          ": the server leaves out size and flags"));
    return;
  }
  FetchData& whole = parts_[row.uid];
  whole.uid = row.uid;
  whole.flags = row.flags ? row.flags : whole.flags;
  whole.size = row.size ? row.size : whole.size;
  whole.internal_date = row.internal_date ? row.internal_date : whole.internal_date;
  whole.email_id = row.email_id.empty() ? whole.email_id : row.email_id;
  whole.guid = row.guid.empty() ? whole.guid : row.guid;
  whole.gm_msgid = row.gm_msgid.empty() ? whole.gm_msgid : row.gm_msgid;
  whole.gm_labels = row.gm_labels ? row.gm_labels : whole.gm_labels;
}

void MailboxSync::examined(const Completion& result) {
  view_.open = result.ok() && credited();
  if (result.status == Completion::Status::Bad && rung_ == Rung::QResync &&
      step_ == Step::Changes) {
    rung_refused_ = true;
  } else if (!result.ok()) {
    fail(refused(world_.settings, info_.label, "EXAMINE", result));
  } else if (!credited()) {
    fail(Error(ErrorClass::Transient, place_name(world_.settings, info_.label) +
                                          ": its UIDVALIDITY is not what STATUS said"));
  } else if (is_another()) {
    found_another();
  } else {
    if (after_.mailbox_id.empty()) {
      after_.mailbox_id = view_.mailbox_id;
    }
    enter();
    const bool trusts_modseq = rung_ == Rung::QResync || rung_ == Rung::CondStore;
    rung_refused_ = step_ == Step::Changes && trusts_modseq && view_.no_modseq;
    if (!modseq_taken_ && world_.dialect.condstore) {  // later ones would hide what changed since
      const std::uint64_t told =
          view_.modseq != 0 ? view_.modseq : info_.status->highest_modseq.value_or(0);
      after_.highest_modseq = view_.no_modseq ? 0 : told;
      modseq_taken_ = true;
    }
  }
  one_done();
}

void MailboxSync::flags_done(const Completion& result) {
  if (result.ok()) {
    return;
  }
  if (rung_ == Rung::CondStore && result.status == Completion::Status::Bad) {
    rung_refused_ = true;
  } else {
    fail(refused(world_.settings, info_.label, "FETCH", result));
  }
}

void MailboxSync::new_done(const Completion& result, bool with_guid) {
  if (result.ok()) {
    return;
  }
  if (with_guid && rows_ == 0 && result.status == Completion::Status::Bad) {
    world_.dialect.guid = false;
    refetch_ = true;
  } else {
    fail(refused(world_.settings, info_.label, "FETCH", result));
  }
}

void MailboxSync::one_done() {
  if (--unanswered_ != 0) {
    return;
  }
  if (asks_new_ && !failure_ && !refetch_) {
    const std::uint32_t last = after_.known.empty() ? 0 : after_.known.ranges().back().last;
    after_.uid_next =
        std::max({after_.uid_next, view_.uid_next, last == UINT32_MAX ? last : last + 1});
  }
  conclude();
}

}  // namespace mailpipe::imap
