#include "lister.hpp"

#include "errors.hpp"
#include "mailbox_choice.hpp"
#include "mailbox_name.hpp"
#include "reply.hpp"
#include "session.hpp"

#include <mailpipe/host.hpp>
#include <mailpipe/printable.hpp>

#include <algorithm>
#include <set>

namespace mailpipe::imap {

namespace {

/// In Gmail each message is in exactly one of these.
bool is_whole_gmail(const std::string& role) {
  return role == "all" || role == "junk" || role == "trash";
}

/// What was done to a mailbox, for people.
const char* told_as(Rung rung) {
  switch (rung) {
    case Rung::Unchanged:
      return "unchanged";
    case Rung::QResync:
      return "updated by QRESYNC";
    case Rung::CondStore:
      return "updated by CONDSTORE";
    case Rung::Plain:
      return "updated by reading all flags";
    case Rung::First:
      break;
  }
  return "listed whole";
}

const char* way_of(const Dialect& dialect) {
  return dialect.qresync ? "QRESYNC" : dialect.condstore ? "CONDSTORE" : "flag scans";
}

bool can_be_opened(const ListEntry& entry) {
  return std::none_of(entry.attributes.begin(), entry.attributes.end(), [](const auto& attribute) {
    return attribute == "\\noselect" || attribute == "\\nonexistent";
  });
}

std::string count_of(std::size_t number, const char* thing) {
  return std::to_string(number) + " " + thing + (number == 1 ? "" : "es");
}

}  // namespace

Lister::Lister(Session& session, const Settings& settings, Host& host, Emitter& emitter,
               Directory& directory)
    : session_(session),
      settings_(settings),
      host_(host),
      emitter_(emitter),
      directory_(directory),
      world_{session, settings, host, emitter, directory, {}} {}

void Lister::run(const Cursors& cursors) {
  const Account account = discover(session_, settings_, host_);
  world_.dialect = account.dialect;
  begin_all(cursors, account, chosen(account));
  find_changes();
  for (MailboxSync& mailbox : mailboxes_) {
    mailbox.settle();
  }
  list_new();
  report();
  look_for_failed();
  throw_failures();
  if (!account.complete) {
    throw Error(ErrorClass::Permanent,
                printable(settings_.host, 300) +
                    ": an answer to LIST could not be read, so a mailbox "
                    "may be missing",
                "all others were listed; tell whoever runs the server");
  }
}

std::vector<MailboxInfo> Lister::chosen(const Account& account) const {
  const bool whole_gmail = account.dialect.gmail && settings_.gmail == GmailMode::AllMail;
  if (whole_gmail && std::none_of(account.mailboxes.begin(), account.mailboxes.end(),
                                  [](const MailboxInfo& info) { return info.role == "all"; })) {
    throw Error(ErrorClass::Config, printable(settings_.host) + ": there is no All Mail to copy",
                "let Gmail show All Mail in IMAP (Settings, Labels), or set gmail: folders");
  }
  const MailboxChoice choice(settings_.include, settings_.exclude, settings_.subscribed_only);
  std::vector<MailboxInfo> out;
  std::vector<MailboxInfo*> without_status;
  for (const MailboxInfo& info : account.mailboxes) {
    if ((!whole_gmail || is_whole_gmail(info.role)) &&
        choice.includes({info.label, info.role, info.subscribed, info.foreign})) {
      out.push_back(info);
    }
  }
  for (MailboxInfo& info : out) {
    if (!info.status) {
      without_status.push_back(&info);
    }
  }
  if (!without_status.empty()) {
    ask_status(session_, settings_, without_status);
  }
  if (out.empty()) {
    host_.log(LogLevel::Warn,
              printable(settings_.host) + ": no mailbox is chosen; see mailboxes: of the options");
  }
  return out;
}

void Lister::begin_all(const Cursors& cursors, const Account& account,
                       std::vector<MailboxInfo> mailboxes) {
  StreamMatch match(cursors);
  for (const StreamMatch::Known& known : match.known()) {
    directory_.add(known.stream, {.name = known.name,
                                  .label = label_of(path_of(known.name, std::nullopt)),
                                  .mailbox_id = known.cursor ? known.cursor->mailbox_id : "",
                                  .keys = {}});
  }
  if (account.dialect.email_id && match.unsure(mailboxes)) {
    ask_ids(session_, mailboxes);
  }
  const std::vector<StreamMatch::Match> matches = match.match(mailboxes);
  tell_removed(match, account, mailboxes);
  for (std::size_t i = 0; i < mailboxes.size(); ++i) {
    MailboxInfo& info = mailboxes[i];
    const StreamId stream = emitter_.stream(matches[i].stream_name, info.label);
    mailboxes_.emplace_back(world_, std::move(info), stream, matches[i].stream_name,
                            matches[i].before);
    mailboxes_.back().begin();
  }
}

// A mailbox that is there but not chosen any more, or whose LIST entry could not be read, is not gone; one whose name belongs
// to another one now is.
void Lister::tell_removed(const StreamMatch& match, const Account& account,
                          const std::vector<MailboxInfo>& matched) {
  if (!account.complete) {
    return;
  }
  std::set<std::string> here;
  for (const MailboxInfo& info : account.mailboxes) {
    here.insert(folded(info.name));
  }
  for (const MailboxInfo& info : matched) {  // each to a stream
    here.erase(folded(info.name));
  }
  for (const StreamMatch::Known& known : match.known()) {
    if (known.taken || here.contains(folded(known.name)) || (known.cursor && known.cursor->gone)) {
      continue;
    }
    MailboxCursor after;
    after.name = known.name;
    after.epoch = known.cursor ? known.cursor->epoch + 1 : 1;
    after.gone = true;
    emitter_.mailbox_removed(known.stream, known.stream_name);
    emitter_.listing_begin(known.stream);
    emitter_.listing_end(known.stream);
    emitter_.checkpoint(known.stream, after.to_text());
    host_.count("mailboxes_removed");
  }
}

// A mailbox may need a second round (what was removed does not add up) and a third (the server refuses what it announced).
void Lister::find_changes() {
  for (bool any = true; any;) {
    any = false;
    for (MailboxSync& mailbox : mailboxes_) {
      if (mailbox.step() == MailboxSync::Step::Changes ||
          mailbox.step() == MailboxSync::Step::Compare) {
        mailbox.send();
        any = true;
      }
    }
    session_.finish();
  }
}

// As many mailboxes in one flight as memory has room for their messages.
void Lister::list_new() {
  constexpr std::uint64_t kMostInOneFlight = 20'000;
  for (bool any = true; any;) {
    any = false;
    std::uint64_t expected = 0;
    std::vector<MailboxSync*> asked;
    for (MailboxSync& mailbox : mailboxes_) {
      if (mailbox.step() == MailboxSync::Step::List && expected < kMostInOneFlight) {
        expected += mailbox.expected();
        asked.push_back(&mailbox);
        mailbox.send();
        any = true;
      }
    }
    session_.finish();
    for (MailboxSync* mailbox : asked) {
      mailbox->settle();
    }
  }
}

void Lister::report() const {
  std::map<Rung, std::size_t> rungs;
  for (const MailboxSync& mailbox : mailboxes_) {
    if (!mailbox.failure()) {
      ++rungs[mailbox.rung()];
    }
  }
  std::string text = printable(settings_.host, 300) + ": " + count_of(mailboxes_.size(), "mailbox");
  const char* before = ": ";
  for (const auto& [rung, number] : rungs) {
    text += before + std::to_string(number) + " " + told_as(rung);
    before = ", ";
  }
  host_.log(LogLevel::Info, text);
}

void Lister::look() {
  const Account account = discover(session_, settings_, host_);
  const std::size_t number = chosen(account).size();
  host_.log(LogLevel::Info,
            printable(settings_.host, 300) +
                (account.server.empty() ? "" : " (" + printable(account.server, 100) + ")") + ": " +
                count_of(account.mailboxes.size(), "mailbox") + ", " + std::to_string(number) +
                " chosen; changes are found by " + way_of(account.dialect));
}

// A mailbox that was deleted or renamed after LIST is no lasting failure, nor is one that was deleted and created again before
// it was opened: listing everything again tells what became of it.
void Lister::look_for_failed() {
  struct Look {
    const MailboxSync* mailbox = nullptr;
    bool listed = false, list_answered = false;
    bool refusal_over = false;
  };

  std::deque<Look> looks;
  for (const MailboxSync& mailbox : mailboxes_) {
    if (!mailbox.failure() || mailbox.failure()->error_class() != ErrorClass::Permanent) {
      continue;
    }
    Look& look = looks.emplace_back(Look{&mailbox});
    send_bounded(session_, Command("LIST \"\"").mailbox(mailbox.info().name),
                 std::make_shared<Reply>(
                     [&look](const Untagged& said) {
                       const auto* entry = std::get_if<ListEntry>(&said);
                       look.listed = look.listed || (entry != nullptr && can_be_opened(*entry));
                     },
                     [&look](const Completion& result) { look.list_answered = result.ok(); },
                     [&look](const Error& /*why*/) { look.listed = true; }));
    if (mailbox.refused_command()) {
      send_bounded(session_, *mailbox.refused_command(),
                   std::make_shared<Reply>(Reply::OnUntagged(), [&look](const Completion& result) {
                     look.refusal_over = result.ok();
                   }));
    }
  }
  session_.finish();
  for (const Look& look : looks) {
    const bool left = look.list_answered && !look.listed;
    if (left || look.refusal_over) {
      passing_.emplace(look.mailbox, why_passing(*look.mailbox, left));
    }
  }
}

Error Lister::why_passing(const MailboxSync& mailbox, bool left) const {
  const std::string place = place_name(settings_, mailbox.info().label);
  return {ErrorClass::Transient,
          left ? place + ": deleted or renamed while it was being listed"
               : std::string(mailbox.failure()->what()) + "; a moment later it was not refused",
          kLaterHint};
}

const Error* Lister::failure_of(const MailboxSync& mailbox) const {
  const auto passing = passing_.find(&mailbox);
  return passing != passing_.end() ? &passing->second
         : mailbox.failure()       ? &*mailbox.failure()
                                   : nullptr;
}

void Lister::throw_failures() const {
  const Error* worst = nullptr;
  std::size_t number = 0;
  for (const MailboxSync& mailbox : mailboxes_) {
    const Error* const failure = failure_of(mailbox);
    if (failure == nullptr) {
      continue;
    }
    ++number;
    host_.log(LogLevel::Warn, failure->what());
    if (worst == nullptr || failure->error_class() != ErrorClass::Transient) {
      worst = failure;
    }
  }
  host_.count("mailboxes_failed", number);
  if (worst == nullptr) {
    return;
  }
  const Error& error = *worst;
  const std::string others =
      number == 1 ? "" : " (and " + count_of(number - 1, "other mailbox") + ")";
  const bool passes =
      error.error_class() == ErrorClass::Transient || error.error_class() == ErrorClass::RateLimit;
  Error failure(error.error_class(), error.what() + others,
                passes ? error.hint()
                       : "all other mailboxes were listed; leave this one out with mailboxes: "
                         "exclude: if it is not wanted");
  failure.retry_after(error.retry_after());
  throw std::move(failure);
}

}  // namespace mailpipe::imap
