// What is told of a mailbox, and when. What is asked of the server is in mailbox_asking.cpp.
#include "mailbox_sync.hpp"

#include "keywords.hpp"

#include <mailpipe/host.hpp>

#include <algorithm>

namespace mailpipe::imap {

namespace {

/// What the keys of a mailbox's messages begin with.
std::string keys_of(StreamId stream, const MailboxCursor& mailbox) {
  std::string keys = "imap:" + std::to_string(stream) + ":" + std::to_string(mailbox.uid_validity);
  if (mailbox.epoch != 0) {  // a UIDVALIDITY may come back with other messages under the old UIDs
    keys += "." + std::to_string(mailbox.epoch);
  }
  return keys + ":";
}

}  // namespace

MailboxSync::MailboxSync(SyncWorld& world, MailboxInfo info, StreamId stream, std::string id,
                         std::optional<MailboxCursor> before)
    : world_(world),
      info_(std::move(info)),
      stream_(stream),
      id_(std::move(id)),
      before_(std::move(before)) {}

void MailboxSync::begin() {
  if (before_ && before_->gone) {
    // It is back. Should this run break off and it go again, the next one has to tell so.
    MailboxCursor back;
    back.name = info_.name;
    back.epoch = before_->epoch;
    world_.emitter.checkpoint(stream_, back.to_text());
  }
  world_.emitter.mailbox(stream_, {.id = id_, .path = info_.path, .role = info_.role});
  after_.name = info_.name;
  if (info_.failed) {
    refused_ = info_.refused;
    fail(*info_.failed);
  } else if (!info_.status || info_.status->uid_validity.value_or(0) == 0) {
    fail(Error(ErrorClass::Permanent,
               place_name(world_.settings, info_.label) + ": the server does not tell its STATUS"));
  } else {
    plan();
    world_.host.count(counter_of(rung_));
  }
  enter();
}

// For those that fetch: they may come upon another mailbox under the name, even one with the same UIDVALIDITY.
void MailboxSync::enter() {
  const MailboxCursor& listed = failure_ && before_ ? *before_ : after_;
  world_.directory.put(stream_, {.name = info_.name,
                                 .label = info_.label,
                                 .mailbox_id = listed.mailbox_id,
                                 .keys = listed.uid_validity == 0 ? "" : keys_of(stream_, listed)});
}

void MailboxSync::plan() {
  const StatusData& now = *info_.status;
  if (!before_ || before_->gone) {
    after_.epoch = before_ ? before_->epoch : 0;
    begin_epoch();
  } else if (epoch_is_over(now, *before_)) {
    // What it held ends here; what it holds now is listed after all removals were told.
    world_.emitter.listing_begin(stream_);
    world_.emitter.listing_end(stream_);
    after_.epoch = before_->epoch + 1;
    initial_ = true;
    begin_epoch();
  } else {
    after_ = *before_;
    after_.name = info_.name;
    rung_ = rung_for(now, *before_, world_.dialect, world_.settings.flags);
    step_ = rung_ == Rung::Unchanged ? Step::Done : Step::Changes;
  }
}

void MailboxSync::begin_epoch() {
  const StatusData& now = *info_.status;
  after_.uid_validity = *now.uid_validity;
  after_.mailbox_id = info_.mailbox_id;
  after_.uid_next = now.uid_next.value_or(1);
  after_.highest_modseq = world_.dialect.condstore ? now.highest_modseq.value_or(0) : 0;
  if (now.messages == 0U) {  // nothing to open it for
    world_.emitter.listing_begin(stream_);
    world_.emitter.listing_end(stream_);
  } else {
    step_ = Step::List;
  }
}

// RFC 3501 forbids it, but Cyrus gives a mailbox that is created under the name of a deleted one the UIDVALIDITY of that one
// plus 1, which a third one may have that is then renamed.
bool MailboxSync::is_another() const {
  return !after_.mailbox_id.empty() && !view_.mailbox_id.empty() &&
         after_.mailbox_id != view_.mailbox_id;
}

void MailboxSync::found_another() {
  view_.open = false;
  replaced_ = step_ == Step::Changes;
  if (!replaced_) {  // what was told in this listing was about the one before
    fail(Error(ErrorClass::Transient,
               place_name(world_.settings, info_.label) + ": another mailbox has its name now"));
  }
}

// Nothing that was known of the mailbox is true of this one.
void MailboxSync::begin_anew() {
  replaced_ = false;
  world_.emitter.listing_begin(stream_);
  world_.emitter.listing_end(stream_);
  after_ = {};
  after_.name = info_.name;
  after_.mailbox_id = view_.mailbox_id;
  after_.uid_validity = view_.uid_validity;
  after_.epoch = before_->epoch + 1;
  after_.uid_next = 1;
  initial_ = true;
  list_pending_ = false;
  scanning_ = false;
  attempts_ = 0;
  rung_ = Rung::First;
  step_ = Step::List;
  enter();
}

// Here and not as the answers come: telling waits while the engine is busy, and a server whose answers nobody reads ends the
// connection after some minutes.
void MailboxSync::settle() {
  if (failure_ || told_) {
    deferred_.clear();
    places_.clear();
    return;
  }
  if (rung_ == Rung::First && view_.open && !listing_begun_) {
    listing_begun_ = true;
    world_.emitter.listing_begin(stream_);
    world_.emitter.estimate(stream_, view_.exists);
  }
  for (std::optional<Item>& item : deferred_) {
    if (item) {
      world_.emitter.listed(std::move(*item));
    }
  }
  deferred_.clear();
  places_.clear();
  if (step_ == Step::Done) {
    if (listing_complete_) {
      world_.emitter.listing_end(stream_);
    }
    checkpoint();
  }
}

void MailboxSync::checkpoint() {
  told_ = true;
  after_.messages = partial_ ? view_.exists : after_.known.count();
  if (!before_ || after_ != *before_) {
    world_.emitter.checkpoint(stream_, after_.to_text());
  }
}

void MailboxSync::fail(const Error& error) {
  if (!failure_) {
    failure_ = error;
    step_ = Step::Done;
  }
}

std::string MailboxSync::key_of(std::uint32_t uid) const {
  return keys_of(stream_, after_) + std::to_string(uid);
}

Item MailboxSync::item_of(const FetchData& row) const {
  Item item;
  item.key = key_of(row.uid);
  item.stream = stream_;
  item.ref = std::to_string(after_.uid_validity) + ":" + std::to_string(row.uid);
  if (!row.email_id.empty()) {
    item.server_id = "emailid:" + row.email_id;
  } else if (!row.gm_msgid.empty()) {
    item.server_id = "gm:" + row.gm_msgid;
  } else if (!row.guid.empty()) {
    item.server_id = "guid:" + row.guid;
  }
  item.size = row.size;
  item.received_at = row.internal_date;
  item.places.push_back({.id = id_, .path = {}, .role = {}});
  item.keywords = keywords_of(row.flags.value_or(std::vector<std::string>()));
  if (row.gm_labels) {
    std::vector<std::string> labels = *row.gm_labels;
    std::sort(labels.begin(), labels.end());
    for (std::string& label : labels) {
      item.attributes.emplace_back("gm-labels", std::move(label));
    }
  }
  item.initial = initial_;
  return item;
}

void MailboxSync::tell_new(const FetchData& row) {
  after_.known.add(row.uid);
  ++rows_;
  places_[row.uid] = deferred_.size();
  deferred_.emplace_back(item_of(row));
}

void MailboxSync::tell_flags(const FetchData& row) {
  if (!row.flags || !after_.known.contains(row.uid) || world_.settings.flags == FlagScan::Never) {
    return;
  }
  if (const auto place = places_.find(row.uid); place != places_.end()) {  // not told yet
    deferred_[place->second]->keywords = keywords_of(*row.flags);
    return;
  }
  if (world_.dialect.gmail && row.gm_labels && row.size) {  // labels are attributes
    world_.emitter.changed(item_of(row));
  } else {
    world_.emitter.keywords(stream_, key_of(row.uid), keywords_of(*row.flags));
  }
}

// What the server did not say of a message, though it was asked, is no reason to be without the message.
void MailboxSync::tell_parts() {
  std::uint64_t without_flags = 0;
  for (const auto& [uid, row] : parts_) {
    if (!after_.known.contains(uid)) {
      without_flags += row.flags ? 0 : 1;
      tell_new(row);
    }
  }
  parts_.clear();
  if (without_flags != 0) {
    world_.host.count("messages_without_flags", without_flags);
    world_.host.log(LogLevel::Warn,
                    place_name(world_.settings, info_.label) +
                        ": the server left out the flags of " + std::to_string(without_flags) +
                        (without_flags == 1 ? " message" : " messages") + "; stored without any");
  }
}

// Of one that waits to be told nobody must hear any more: after its removal it would be new, and no later listing would take
// it back.
void MailboxSync::vanish(const UidSet& uids) {
  const UidSet gone = after_.known.common(uids);
  for (const UidSet::Range& range : gone.ranges()) {
    for (std::uint64_t at = range.first; at <= range.last; ++at) {
      const auto uid = static_cast<std::uint32_t>(at);
      if (const auto waiting = places_.extract(uid); !waiting.empty()) {
        deferred_[waiting.mapped()].reset();
      } else {
        world_.emitter.removed(stream_, key_of(uid));
      }
    }
  }
  std::erase_if(parts_, [&](const auto& part) { return uids.contains(part.first); });
  after_.known.remove(gone);
}

void MailboxSync::expunged(std::uint64_t count) {
  view_.at_open -= std::min(view_.at_open, count);
  view_.exists -= std::min(view_.exists, count);
}

bool MailboxSync::all_is_shown(std::uint64_t seen) {
  const std::uint64_t limit = world_.settings.view_limit;
  partial_ = seen < view_.at_open || (limit != 0 && seen >= limit);
  after_.partial = partial_;
  if (!partial_) {
    return true;
  }
  world_.host.count("partial_mailboxes");
  world_.host.log(LogLevel::Warn, place_name(world_.settings, info_.label) + ": the server shows " +
                                      std::to_string(seen) + " of " +
                                      (seen < view_.at_open ? std::to_string(view_.at_open)
                                                            : std::string("perhaps more")) +
                                      " messages; nothing there counts as removed");
  return false;
}

void MailboxSync::compare() {
  UidSet all = scanned_;
  all.add(after_.known.without(before_->known));  // what was found new in this run
  if (all_is_shown(all.count())) {
    vanish(after_.known.without(all));
  }
  missed_ = scanned_.without(after_.known);
  scanned_ = UidSet();
  scanning_ = false;
}

void MailboxSync::conclude() {
  if (failure_) {
    step_ = Step::Done;
    return;
  }
  if (replaced_) {
    begin_anew();
    return;
  }
  if (rung_refused_) {  // the same step again, asked otherwise
    rung_refused_ = false;
    rung_ = rung_ == Rung::QResync ? Rung::CondStore : Rung::Plain;
    world_.host.count("ladder_fell_back");
    return;
  }
  tell_parts();
  if (step_ == Step::List) {
    conclude_list();
  } else {
    conclude_changes();
  }
}

void MailboxSync::conclude_changes() {
  if (refetch_) {  // new messages are not known: nothing can be compared yet
    refetch_ = false;
    list_pending_ = true;
    compared_ = true;
    step_ = Step::Compare;
    return;
  }
  const bool looked = scanning_;
  if (looked) {
    compare();
  }
  if (!asks_new_ && step_ == Step::Changes && view_.uid_next > before_->uid_next) {
    list_pending_ = true;  // came after the LIST
  }
  if (list_pending_) {
    missed_ = missed_.without(
        UidSet::parse(std::to_string(before_->uid_next) + ":4294967295").value_or(UidSet()));
  }
  const bool matches = after_.known.count() + missed_.count() == view_.exists;
  const bool doubtful = !matches || (before_->partial && !looked);
  if (!list_pending_ && doubtful && !partial_ && !compared_) {
    compared_ = true;
    step_ = Step::Compare;
    return;
  }
  step_ = list_pending_ || !missed_.empty() ? Step::List : Step::Done;
}

void MailboxSync::conclude_list() {
  if (refetch_) {
    refetch_ = false;
    (searched_to_ != 0 ? rest_ : missed_).add(chunk_);
    return;
  }
  attempts_ = 0;
  if (scanning_) {  // a large mailbox: now it is known what to ask for
    scanning_ = false;
    rest_ = scanned_.without(after_.known);
    scanned_ = UidSet();
    missed_ = UidSet();
    searched_to_ = std::max<std::uint32_t>(view_.uid_next, 1);
  } else if (rest_.empty() && missed_.empty()) {
    step_ = Step::Done;
    listing_complete_ = rung_ == Rung::First && all_is_shown(after_.known.count());
  }
}

}  // namespace mailpipe::imap
