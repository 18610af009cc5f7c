#include "fetcher.hpp"

#include "discovery.hpp"
#include "errors.hpp"
#include "fetch_answers.hpp"
#include "reply.hpp"

#include <mailpipe/printable.hpp>

#include <algorithm>
#include <charconv>

namespace mailpipe::imap {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::uint64_t kBatchOctets = 8U << 20U;
constexpr std::uint64_t kOctetsInFlight = 24U << 20U;
constexpr std::size_t kMessagesInFlight = 2000;
constexpr std::size_t kCommandOctets = 48U * 1024U;
constexpr const char* kAnother =
    "another mailbox has taken the place of the one that it was listed in";

}  // namespace

Fetcher::~Fetcher() {
  disconnect();
}

void Fetcher::run() {
  while (!ended_ || in_flight_ != 0 || !waiting_.empty() || !lookups_.empty()) {
    if (world_.host.cancelled() == Cancel::Abort) {
      throw Error(ErrorClass::Cancelled, "stopped");
    }
    take_more();
    if (!session_) {
      connect();
      continue;
    }
    try {
      step();
    } catch (const Error& error) {
      if (error.error_class() != ErrorClass::Transient || !session_->broken()) {
        throw;
      }
      after_break(error);
    }
  }
}

bool Fetcher::has_room() const {
  return !ended_ && waiting_.empty() && lookups_.empty() && octets_in_flight_ < kOctetsInFlight &&
         in_flight_ < kMessagesInFlight;
}

void Fetcher::take_more() {
  while (has_room()) {
    TakeLimits limits;
    limits.items =
        session_ ? 500 : 32;  // what is taken before there is a connection may be for nothing
    limits.bytes = kBatchOctets;
    limits.same_stream = true;
    limits.wait = in_flight_ == 0;
    Taken taken = queue_.take(limits);
    ended_ = taken.state == Taken::State::End;
    if (taken.state != Taken::State::Works) {
      return;
    }
    for (Work& work : taken.works) {
      accept(std::move(work));
    }
    if (!session_) {
      return;
    }
    send_waiting();
  }
}

void Fetcher::accept(Work work) {
  const std::uint64_t token = work.token;
  const std::uint64_t size = work.size.value_or(0);
  auto wanted = wanted_of(std::move(work));
  if (!wanted) {
    queue_.fail(token, Error(ErrorClass::Item, "a message has no UID"));
  } else if (size > world_.settings.max_message_size) {
    queue_.fail(token, item_error(*wanted, "it has " + std::to_string(size) +
                                               " octets; max_message_size is less"));
  } else {
    waiting_.push_back(std::move(*wanted));
  }
}

void Fetcher::step() {
  send_waiting();
  if (session_->unanswered() != 0) {
    const bool may_take = has_room();
    milliseconds most = std::chrono::seconds(5);
    if (!waiting_.empty() && not_before_ > steady_clock::now()) {
      most = std::min(most, std::chrono::ceil<milliseconds>(not_before_ - steady_clock::now()));
    }
    session_->pump(may_take ? queue_.wake_fd() : -1, most);
  } else if (!waiting_.empty() && not_before_ > steady_clock::now()) {
    world_.host.wait(std::chrono::ceil<milliseconds>(not_before_ - steady_clock::now()));
  }
}

void Fetcher::send_waiting() {
  while (!lookups_.empty() && session_->command_octets() < kCommandOctets) {
    std::vector<Wanted> batch = std::move(lookups_.front());
    lookups_.pop_front();
    send_lookup(std::move(batch));
  }
  while (!waiting_.empty() && session_->command_octets() < kCommandOctets &&
         (octets_in_flight_ < kOctetsInFlight || in_flight_ == 0) &&
         steady_clock::now() >= not_before_ && (!one_by_one_ || flying_.empty())) {
    if (one_by_one_) {
      waiting_.front().with_others = 1;
    }
    send_batch(next_batch(waiting_, kBatchOctets));
  }
}

void Fetcher::send_batch(std::vector<Wanted> batch) {
  const std::shared_ptr<Selection> selection = select(batch.front().work.stream);
  if (!selection) {
    for (const Wanted& wanted : batch) {
      queue_.fail(wanted.work.token, Error(ErrorClass::Transient, "its mailbox is not known yet"));
    }
    return;
  }
  leave_out_older(batch, selection->listed);
  if (batch.empty()) {
    return;
  }
  std::uint64_t octets = 0;
  for (const Wanted& wanted : batch) {
    octets += wanted.octets();
  }
  not_before_ = steady_clock::now() + world_.rate.book(octets, batch.size(), steady_clock::now());
  octets_in_flight_ += octets;
  in_flight_ += batch.size();
  const std::string parts =
      batch.front().work.want == Want::Headers ? "BODY.PEEK[HEADER]" : "BODY.PEEK[]";
  const std::string command = "UID FETCH " + uids_of(batch).text() + " (UID " + parts + ")";
  auto answer = std::make_shared<Batch>(*this, selection, std::move(batch));
  flying_.push_back(answer);
  session_->send(imap::Command(command), std::move(answer));
  world_.host.count("fetches");
}

/// Messages of a mailbox that was there before the one that has been listed by now.
void Fetcher::leave_out_older(std::vector<Wanted>& batch, const Directory::Entry& listed) {
  std::erase_if(batch, [&](const Wanted& wanted) {
    const bool older = !wanted.work.key.starts_with(listed.keys);
    if (older) {
      queue_.fail(wanted.work.token, item_error(wanted, kAnother));
    }
    return older;
  });
}

void Fetcher::send_lookup(std::vector<Wanted> batch) {
  const std::shared_ptr<Selection> selection = select(batch.front().work.stream);
  in_flight_ += batch.size();
  // The mailbox may have been opened before the message came and was listed; now the server says what is new (RFC 3501
  // section 6.1.2).
  session_->send(imap::Command("NOOP"), std::make_shared<Reply>(nullptr));
  const std::string command = "UID SEARCH UID " + uids_of(batch).text();
  for (const Wanted& wanted : batch) {
    octets_in_flight_ += wanted.octets();
  }
  auto answer = std::make_shared<Lookup>(*this, selection, std::move(batch));
  flying_.push_back(answer);
  session_->send(imap::Command(command), std::move(answer));
}

/// The mailbox of the stream, opened behind what was sent so far. Null: list() has not told of it.
std::shared_ptr<Fetcher::Selection> Fetcher::select(StreamId stream) {
  const auto entry = world_.directory.find(stream);
  if (!entry) {
    return nullptr;
  }
  if (selected_ && selected_->stream == stream && selected_->listed == *entry &&
      !selected_->refusal) {
    return selected_;
  }
  auto selection = std::make_shared<Selection>();
  selection->stream = stream;
  selection->listed = *entry;
  selected_ = selection;
  const auto hear = [selection](const Untagged& said) {
    const auto* notice = std::get_if<Notice>(&said);
    if (notice != nullptr && notice->code.name == "UIDVALIDITY") {
      const std::string& text = notice->code.argument;
      std::from_chars(text.data(), text.data() + text.size(), selection->uid_validity);
    } else if (notice != nullptr && notice->code.name == "MAILBOXID") {
      selection->mailbox_id = object_id_in(notice->code.argument);
    }
  };
  const auto done = [selection, &settings = world_.settings](const Completion& result) {
    selection->open = result.ok();
    if (!result.ok()) {
      selection->refusal = refused(settings, selection->listed.label, "EXAMINE", result);
      selection->nowhere = result.code.name == "NONEXISTENT";
    }
  };
  session_->send(imap::Command("EXAMINE").mailbox(entry->name),
                 std::make_shared<Reply>(hear, done));
  world_.host.count("examines");
  return selection;
}

void Fetcher::body_before_uid() {
  if (!one_by_one_) {
    one_by_one_ = true;
    world_.host.log(LogLevel::Info,
                    printable(world_.settings.host, 300) +
                        ": sends messages before it says which; asking for one at a time");
  }
}

/// RFC 3501 section 5.5: the server may answer another one than that which was sent first.
void Fetcher::landed(const Command& command) {
  std::erase_if(flying_, [&](const auto& each) { return each.get() == &command; });
}

void Fetcher::batch_ended(Batch& batch, const Completion& result) {
  landed(batch);
  const Selection& selection = batch.selection();
  const std::vector<Wanted> left = batch.left();
  for (const Wanted& wanted : left) {
    forget(wanted);
  }
  if (left.empty()) {
    return;
  }
  if (selection.refusal || !selection.holds(left.front())) {
    // What was listed comes back in no time that is worth waiting for; the next listing tells what became of it.
    for (const Wanted& wanted : left) {
      const bool waits =
          selection.refusal && !selection.nowhere && may_pass(selection.refusal->error_class());
      queue_.fail(
          wanted.work.token,
          waits ? *selection.refusal
                : item_error(wanted, selection.refusal ? std::string("it cannot be asked for: ") +
                                                             selection.refusal->what()
                                                       : std::string(kAnother)));
    }
  } else if (one_by_one_ && batch.pending().size() > 1) {
    waiting_.insert(waiting_.begin(), left.begin(), left.end());
  } else if (batch.unreadable_answer()) {
    split(left, *batch.unreadable_answer());
  } else if (!result.ok()) {
    batch_refused(left, result);
  } else if (batch.misnamed()) {
    for (const Wanted& wanted : left) {
      queue_.fail(wanted.work.token,
                  Error(ErrorClass::Transient,
                        place_name(world_.settings, selection.listed.label) + ", UID " +
                            std::to_string(wanted.uid) +
                            ": the server sent a message that it does not say to be this one"));
    }
  } else {
    std::vector<Wanted> missing;
    for (const Wanted& wanted : left) {
      if (batch.pending()[wanted.uid].doubted) {
        again(wanted);
      } else if (batch.pending()[wanted.uid].empty) {
        queue_.fail(wanted.work.token, item_error(wanted, "the server sends it without its text"));
      } else {
        missing.push_back(wanted);
      }
    }
    if (!missing.empty()) {
      lookups_.push_back(std::move(missing));
    }
  }
}

/// Some refusals are about us or the session and not about what was asked for.
void Fetcher::batch_refused(std::vector<Wanted> left, const Completion& result) {
  const auto entry = world_.directory.find(left.front().work.stream);
  Error why =
      command_error(result, place_name(world_.settings, entry ? entry->label : "?") + ": FETCH");
  const bool of_session = why.error_class() == ErrorClass::Transient &&
                          result.status == Completion::Status::Bad;  // "not connected" (Outlook)
  if (why.error_class() == ErrorClass::RateLimit || of_session) {
    waiting_.insert(waiting_.begin(), left.begin(), left.end());
    throw std::move(why);
  }
  split(std::move(left), Error(ErrorClass::Item, printable(result.text, 300)));
}

void Fetcher::lookup_ended(Lookup& lookup, const Completion& result) {
  landed(lookup);
  const Selection& selection = lookup.selection();
  std::vector<Wanted> there;  // what was opened before it came is sent now
  for (const Wanted& wanted : lookup.left()) {
    forget(wanted);
    if (!result.ok() || !lookup.answered() || !selection.open || !selection.holds(wanted)) {
      queue_.fail(wanted.work.token,
                  Error(ErrorClass::Transient, place_name(world_.settings, selection.listed.label) +
                                                   ": it cannot be told whether UID " +
                                                   std::to_string(wanted.uid) + " is there"));
    } else if (!lookup.found().contains(wanted.uid)) {
      queue_.gone(wanted.work.token);
    } else if (wanted.was_missing) {
      queue_.fail(wanted.work.token,
                  item_error(wanted, "it is there, but the server does not send it"));
    } else {
      there.push_back(wanted);
      there.back().was_missing = true;
    }
  }
  waiting_.insert(waiting_.begin(), there.begin(), there.end());
}

/// The command failed: which of its messages is at fault is found by asking for ever fewer.
void Fetcher::split(std::vector<Wanted> batch, const Error& why) {
  if (batch.size() == 1) {
    queue_.fail(batch.front().work.token, item_error(batch.front(), why.what()));
    return;
  }
  const std::size_t half = (batch.size() + 1) / 2;
  for (Wanted& wanted : batch) {
    wanted.with_others = half;
  }
  waiting_.insert(waiting_.begin(), batch.begin(), batch.end());
}

/// Whether it is asked for once more because it came in another length than was announced. There are servers whose RFC822.SIZE
/// is an estimate; a message that comes twice in the same length is believed, and from then on every one.
bool Fetcher::doubts(Wanted& wanted, std::uint64_t octets) {
  if (sizes_lie_ || wanted.work.want != Want::Body || wanted.work.size.value_or(octets) == octets) {
    return false;
  }
  if (wanted.doubts != 0 && wanted.came == octets) {
    sizes_lie_ = true;
    world_.host.log(LogLevel::Debug,
                    printable(world_.settings.host, 300) +
                        ": RFC822.SIZE is not the length of every message; what came is taken");
    return false;
  }
  wanted.came = octets;
  ++wanted.doubts;
  return true;
}

void Fetcher::again(Wanted wanted) {
  constexpr unsigned kMostDoubts = 4;
  if (wanted.doubts == kMostDoubts) {
    queue_.fail(wanted.work.token, item_error(wanted, "it has another length each time"));
    return;
  }
  wanted.with_others = 1;
  waiting_.push_front(std::move(wanted));
}

void Fetcher::delivered(const Wanted& wanted, std::uint64_t octets) {
  forget(wanted);
  breaks_in_a_row_ = 0;
  world_.host.count("bodies");
  world_.host.count("body_octets", octets);
  if (wanted.work.want == Want::Body && wanted.work.size && *wanted.work.size != octets) {
    world_.host.count("other_sizes");
  }
}

void Fetcher::forget(const Wanted& wanted) {
  octets_in_flight_ -= std::min(octets_in_flight_, wanted.octets());
  in_flight_ -= std::min<std::size_t>(in_flight_, 1);
}

void Fetcher::fail(const Wanted& wanted, const Error& error) {
  forget(wanted);
  breaks_in_a_row_ = 0;
  queue_.fail(wanted.work.token, error);
}

Error Fetcher::item_error(const Wanted& wanted, const std::string& why) const {
  const auto entry = world_.directory.find(wanted.work.stream);
  return {ErrorClass::Item, place_name(world_.settings, entry ? entry->label : "?") + ", UID " +
                                std::to_string(wanted.uid) + ": " + why};
}

}  // namespace mailpipe::imap
