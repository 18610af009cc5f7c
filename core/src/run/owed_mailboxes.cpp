// Mailboxes that sinks are to have, and those that go. See owed_steps.hpp.
#include "run/owed_steps.hpp"
#include "run/places.hpp"

#include <algorithm>

namespace mailpipe::run {

/// The mailboxes as the filters name them for the sink, each once.
std::vector<Mailbox> OwedSteps::mailboxes_for(std::size_t lane, std::vector<Mailbox> mailboxes) {
  Item all;
  all.places = std::move(mailboxes);
  return as_given(std::move(all), filters_, lanes_[lane]->part()).places;
}

// Every mailbox, empty ones too; only after something changed about them. True: a call is running.
bool OwedSteps::make_mailboxes() {
  if (ledger_.meta("mailboxes_made").value_or("") == "all") {
    mailboxes_done_ = true;
    return false;
  }
  while (mailbox_lane_ < lanes_.size()) {
    SinkLane& lane = *lanes_[mailbox_lane_++];
    if (!lane.alive || !lane.part().can.mailboxes) {
      continue;
    }
    run(
        mailbox_lane_ - 1,
        [mailboxes = mailboxes_for(mailbox_lane_ - 1, ledger_.mailboxes())](Sink& sink) {
          for (const Mailbox& mailbox : mailboxes) {
            sink.mailbox(MailboxChange::Create, mailbox);
          }
          sink.sync(SyncPhase::Names);
        },
        [] {});
    return true;
  }
  mailboxes_done_ = true;
  mailbox_lane_ = 0;
  const auto failed = [](const auto& lane) { return !lane->alive; };
  if (std::none_of(lanes_.begin(), lanes_.end(), failed)) {
    ledger_.set_meta("mailboxes_made", "all");
  }
  return false;
}

// Those that the server has no longer, where they are ours and empty. True: a call is running.
bool OwedSteps::remove_mailboxes() {
  const std::vector<Mailbox> left = ledger_.left_mailboxes();
  while (!left.empty() && mailbox_lane_ < lanes_.size()) {
    const std::size_t lane = mailbox_lane_++;
    if (!mirrors(lane) || !lanes_[lane]->part().can.mailboxes) {
      continue;
    }
    std::vector<Mailbox> gone = mailboxes_for(lane, left);
    const std::vector<Mailbox> here = mailboxes_for(lane, ledger_.mailboxes());
    std::erase_if(gone, [&](const Mailbox& one) {  // filters may give several one name
      return std::any_of(here.begin(), here.end(),
                         [&](const Mailbox& other) { return other.id == one.id; });
    });
    note_filled(lane, left);
    run(
        lane,
        [gone](Sink& sink) {
          for (const Mailbox& mailbox : gone) {
            sink.mailbox(MailboxChange::Remove, mailbox);
          }
          sink.sync(SyncPhase::Names);
        },
        [] {});
    return true;
  }
  gone_mailboxes_done_ = true;
  for (const Mailbox& mailbox : left) {
    if (!filled_.contains(mailbox.path)) {
      ledger_.forget_left_mailbox(mailbox.path);
    }
  }
  return false;
}

// A mailbox may be gone before the source has told of its messages: then its folder goes when they are gone.
void OwedSteps::note_filled(std::size_t lane, const std::vector<Mailbox>& left) {
  const std::set<std::string> filled = ledger_.places_with_copies(lanes_[lane]->part().id);
  for (const Mailbox& one : left) {
    for (const Mailbox& place : mailboxes_for(lane, {one})) {
      if (filled.contains(place.id)) {
        filled_.insert(one.path);
      }
    }
  }
}

}  // namespace mailpipe::run
