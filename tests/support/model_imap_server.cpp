#include "support/model_imap_server.hpp"

#include "support/model_imap_session.hpp"
#include "support/scripted_imap_server.hpp"

#include <algorithm>
#include <stdexcept>

namespace mailpipe::test {
namespace {

std::string usual_body(std::uint64_t content) {
  const std::string number = std::to_string(content);
  return "From: a@example.org\r\nTo: b@example.org\r\nSubject: message " + number +
         "\r\nMessage-ID: <" + number + "@example.org>\r\n\r\nThis is " + number + ".\r\n";
}

/// Of "UID FETCH <set> ...".
bool asks_for(const std::string& command, std::uint32_t uid) {
  ImapWords words(command);
  if (upper(words.next()) != "UID" || upper(words.next()) != "FETCH") {
    return false;
  }
  const UidRanges ranges = ranges_of(words.next(), UINT32_MAX);
  return std::any_of(ranges.begin(), ranges.end(), [uid](const auto& range) {
    return range.first <= uid && uid <= range.second;
  });
}

std::vector<ModelMessage>::iterator find_uid(std::vector<ModelMessage>& messages,
                                             std::uint32_t uid) {
  const auto found = std::lower_bound(
      messages.begin(), messages.end(), uid,
      [](const ModelMessage& one, std::uint32_t wanted) { return one.uid < wanted; });
  if (found == messages.end() || found->uid != uid) {
    throw std::runtime_error("the model has no UID " + std::to_string(uid));
  }
  return found;
}

}  // namespace

ModelImapServer::ModelImapServer(ModelOptions options)
    : options_(std::move(options)),
      bodies_(usual_body) {
  create("INBOX");
  listen();
}

ModelImapServer::~ModelImapServer() {
  shut_down();
}

void ModelImapServer::serve(Wire& wire, std::size_t) {
  {
    const std::lock_guard lock(mutex_);
    if (!cuts_.empty()) {
      wire.cut_after(cuts_.front());
      cuts_.erase(cuts_.begin());
    }
  }
  try {
    ModelImapSession(*this, wire).run();
  } catch (const std::exception&) {  // a command that was damaged on its way: the connection ends
    return;
  }
}

ModelMailbox& ModelImapServer::find(const std::string& mailbox) {
  const auto found = mailboxes_.find(mailbox);
  if (found == mailboxes_.end()) {
    throw std::runtime_error("the model has no mailbox " + mailbox);
  }
  return found->second;
}

std::vector<ModelMessage>& ModelImapServer::own(ModelMailbox& mailbox) {
  if (mailbox.messages.use_count() > 1) {
    mailbox.messages = std::make_shared<std::vector<ModelMessage>>(*mailbox.messages);
  }
  return *mailbox.messages;
}

std::uint32_t ModelImapServer::flags_index(const std::string& flags) {
  const auto [at, fresh] =
      flag_indexes_.emplace(flags, static_cast<std::uint32_t>(flag_lists_.size()));
  if (fresh) {
    flag_lists_.push_back(flags);
  }
  return at->second;
}

std::string ModelImapServer::body_of(std::uint64_t content) const {
  const auto given = given_bodies_.find(content);
  return given != given_bodies_.end() ? given->second : bodies_(content);
}

void ModelImapServer::create(const std::string& mailbox, const std::string& attributes) {
  const std::lock_guard lock(mutex_);
  ModelMailbox& made = mailboxes_[mailbox];
  made.attributes = attributes;
  made.uidvalidity = ++uidvalidities_;
  made.id = "F" + std::to_string(made.uidvalidity);
  made.messages = std::make_shared<std::vector<ModelMessage>>();
}

void ModelImapServer::remove(const std::string& mailbox) {
  const std::lock_guard lock(mutex_);
  mailboxes_.erase(mailbox);
}

void ModelImapServer::rename(const std::string& from, const std::string& to) {
  const std::lock_guard lock(mutex_);
  auto node = mailboxes_.extract(from);
  node.key() = to;
  mailboxes_.insert(std::move(node));
}

std::uint32_t ModelImapServer::append(const std::string& mailbox, std::size_t count,
                                      const std::string& flags) {
  const std::lock_guard lock(mutex_);
  ModelMailbox& there = find(mailbox);
  std::vector<ModelMessage>& messages = own(there);
  const std::uint32_t first = there.uidnext;
  const std::uint32_t index = flags_index(flags);
  ++there.highestmodseq;
  messages.reserve(messages.size() + count);
  for (std::size_t i = 0; i < count; ++i) {
    messages.push_back({there.uidnext++, index, there.highestmodseq, ++contents_});
  }
  return first;
}

std::uint32_t ModelImapServer::append(const std::string& mailbox, std::string body,
                                      const std::string& flags) {
  {
    const std::lock_guard lock(mutex_);
    given_bodies_[contents_ + 1] = std::move(body);
  }
  return append(mailbox, 1, flags);
}

void ModelImapServer::set_flags(const std::string& mailbox, std::uint32_t uid,
                                const std::string& flags) {
  const std::lock_guard lock(mutex_);
  ModelMailbox& there = find(mailbox);
  const auto message = find_uid(own(there), uid);
  message->flags = flags_index(flags);
  message->modseq = ++there.highestmodseq;
}

void ModelImapServer::expunge(const std::string& mailbox, std::uint32_t uid) {
  const std::lock_guard lock(mutex_);
  ModelMailbox& there = find(mailbox);
  std::vector<ModelMessage>& messages = own(there);
  messages.erase(find_uid(messages, uid));
  there.vanished.emplace_back(++there.highestmodseq, uid);
}

std::uint32_t ModelImapServer::copy(const std::string& mailbox, std::uint32_t uid,
                                    const std::string& to) {
  const std::lock_guard lock(mutex_);
  ModelMessage copied = *find_uid(*find(mailbox).messages, uid);
  ModelMailbox& there = find(to);
  copied.uid = there.uidnext++;
  copied.modseq = ++there.highestmodseq;
  own(there).push_back(copied);
  return copied.uid;
}

std::uint32_t ModelImapServer::move(const std::string& mailbox, std::uint32_t uid,
                                    const std::string& to) {
  const std::uint32_t made = copy(mailbox, uid, to);
  expunge(mailbox, uid);
  return made;
}

void ModelImapServer::set_uidvalidity(const std::string& mailbox, std::uint32_t value) {
  change(mailbox, [value](ModelMailbox& there) { there.uidvalidity = value; });
}

void ModelImapServer::change(const std::string& mailbox,
                             const std::function<void(ModelMailbox&)>& how) {
  const std::lock_guard lock(mutex_);
  ModelMailbox& there = find(mailbox);
  own(there);
  how(there);
}

void ModelImapServer::set_bodies(std::function<std::string(std::uint64_t)> bodies) {
  const std::lock_guard lock(mutex_);
  bodies_ = std::move(bodies);
}

void ModelImapServer::set_labels(const std::string& mailbox, std::uint32_t uid,
                                 const std::string& labels) {
  const std::lock_guard lock(mutex_);
  labels_[{mailbox, uid}] = labels;
}

void ModelImapServer::set_tokens(std::set<std::string> tokens) {
  const std::lock_guard lock(mutex_);
  options_.tokens = std::move(tokens);
}

std::string ModelImapServer::body(const std::string& mailbox, std::uint32_t uid) const {
  const std::lock_guard lock(mutex_);
  return body_of(find_uid(*mailboxes_.at(mailbox).messages, uid)->content);
}

void ModelImapServer::on(ModelHook hook) {
  const std::lock_guard lock(mutex_);
  hooks_.push_back(std::move(hook));
}

void ModelImapServer::on_message(const std::string& mailbox, std::uint32_t uid, std::string row) {
  const std::lock_guard lock(mutex_);
  rows_[{mailbox, uid}] = std::move(row);
}

void ModelImapServer::cut_next_connection(std::size_t octets) {
  const std::lock_guard lock(mutex_);
  cuts_.push_back(octets);
}

void ModelImapServer::behave() {
  const std::lock_guard lock(mutex_);
  hooks_.clear();
  rows_.clear();
  cuts_.clear();
}

std::optional<ModelHook> ModelImapServer::hook_for(const std::string& command,
                                                   const std::string& mailbox) {
  const std::lock_guard lock(mutex_);
  commands_.push_back(command);
  for (ModelHook& hook : hooks_) {
    if (hook.times == 0 || (!hook.mailbox.empty() && hook.mailbox != mailbox) ||
        (hook.uid != 0 && !asks_for(command, hook.uid)) || !matches(hook.command, command)) {
      continue;
    }
    if (hook.skip > 0) {
      --hook.skip;
      continue;
    }
    --hook.times;
    return hook;
  }
  return std::nullopt;
}

std::vector<std::string> ModelImapServer::commands() const {
  const std::lock_guard lock(mutex_);
  return commands_;
}

std::size_t ModelImapServer::count(const std::string& pattern) const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(
      std::count_if(commands_.begin(), commands_.end(),
                    [&](const std::string& one) { return matches(pattern, one); }));
}

void ModelImapServer::forget_commands() {
  const std::lock_guard lock(mutex_);
  commands_.clear();
}

}  // namespace mailpipe::test
