// SELECT and EXAMINE of the model server, and what is told of a mailbox while it is open.
#include "support/model_imap_session.hpp"

#include <algorithm>

namespace mailpipe::test {

void ModelImapSession::select(ImapWords& words, bool read_only) {
  const std::string name = words.next();
  selected_.clear();
  view_.reset();
  const ModelMailbox mailbox = snapshot(name);
  selected_ = name;
  view_ = mailbox.messages;
  put("* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)\r\n* " +
      std::to_string(view_->size()) + " EXISTS\r\n* 0 RECENT\r\n* OK [UIDVALIDITY " +
      std::to_string(mailbox.uidvalidity) + "] x\r\n* OK [UIDNEXT " +
      std::to_string(mailbox.uidnext) + "] x\r\n");
  put(offers("CONDSTORE")
          ? "* OK [HIGHESTMODSEQ " + std::to_string(mailbox.highestmodseq) + "] x\r\n"
          : std::string());
  put(offers("OBJECTID") ? "* OK [MAILBOXID (" + mailbox.id + ")] x\r\n" : std::string());
  ImapWords parameters(words.next());
  while (parameters.more()) {
    const std::string parameter = upper(parameters.next());
    need(parameter);
    if (parameter == "QRESYNC") {
      if (enabled_.count("QRESYNC") == 0) {
        throw Refused{"BAD ENABLE QRESYNC first"};
      }
      resync(parameters.next(), mailbox);
    }
  }
  put(tag_ + (read_only ? " OK [READ-ONLY] done\r\n" : " OK [READ-WRITE] done\r\n"));
}

void ModelImapSession::put_vanished(const UidRanges& within, std::uint64_t since) {
  const ModelMailbox mailbox = snapshot(selected_);
  std::vector<std::uint32_t> gone;
  for (const auto& [modseq, uid] : mailbox.vanished) {
    for (const auto& [first, last] : within) {
      if (modseq > since && uid >= first && uid <= last) {
        gone.push_back(uid);
        break;
      }
    }
  }
  std::sort(gone.begin(), gone.end());
  if (!gone.empty()) {
    put("* VANISHED (EARLIER) " + set_of(gone) + "\r\n");
  }
}

/// RFC 7162, section 3.2.5: what changed since the client was here, if the UIDVALIDITY is the same.
void ModelImapSession::resync(const std::string& parameters, const ModelMailbox& mailbox) {
  ImapWords words(parameters);
  if (std::stoull(words.next()) != mailbox.uidvalidity) {
    return;
  }
  const std::uint64_t since = std::stoull(words.next());
  put_vanished({{1, UINT32_MAX}}, since);
  std::size_t number = 0;
  for (const ModelMessage& message : *view_) {
    ++number;
    if (message.modseq > since) {
      fetch_row(message, number, {"UID", "FLAGS", "MODSEQ"});
    }
  }
}

/// What happened to the mailbox since this session looked.
void ModelImapSession::tell_changes() {
  if (!view_) {
    return;
  }
  const Messages before = view_;
  view_ = snapshot(selected_).messages;
  std::set<std::uint32_t> left;
  for (const ModelMessage& message : *view_) {
    left.insert(message.uid);
  }
  std::size_t kept = 0;
  for (std::size_t i = before->size(); i > 0; --i) {
    const std::uint32_t uid = (*before)[i - 1].uid;
    kept += left.count(uid);
    if (left.count(uid) == 0) {
      put(enabled_.count("QRESYNC") != 0 ? "* VANISHED " + std::to_string(uid) + "\r\n"
                                         : "* " + std::to_string(i) + " EXPUNGE\r\n");
    }
  }
  if (view_->size() != kept) {
    put("* " + std::to_string(view_->size()) + " EXISTS\r\n");
  }
}

}  // namespace mailpipe::test
