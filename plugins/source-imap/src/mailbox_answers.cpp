// What the server says of a mailbox. See mailbox_sync.hpp; mailbox_asking.cpp has the questions.
#include "mailbox_sync.hpp"
#include "reply.hpp"

#include <algorithm>
#include <charconv>

namespace mailpipe::imap {

namespace {

template <class Number>
Number number_of(const std::string& text) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? number : Number{0};
}

}  // namespace

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

void MailboxSync::examined(const Completion& result, const Command& command) {
  view_.open = result.ok() && credited();
  if (result.status == Completion::Status::Bad && rung_ == Rung::QResync &&
      step_ == Step::Changes) {
    rung_refused_ = true;
  } else if (!result.ok()) {
    refused_ = command;
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
