#include "sync_plan.hpp"

namespace mailpipe::imap {

const char* counter_of(Rung rung) {
  switch (rung) {
    case Rung::Unchanged:
      return "ladder_unchanged";
    case Rung::QResync:
      return "ladder_qresync";
    case Rung::CondStore:
      return "ladder_condstore";
    case Rung::Plain:
      return "ladder_plain";
    case Rung::First:
      break;
  }
  return "ladder_first";
}

bool epoch_is_over(const StatusData& now, const MailboxCursor& before) {
  return now.uid_validity != before.uid_validity ||
         (now.uid_next && *now.uid_next < before.uid_next);
}

Rung rung_for(const StatusData& now, const MailboxCursor& before, const Dialect& dialect,
              FlagScan flags) {
  const bool same = now.uid_next == before.uid_next && now.messages == before.messages;
  const std::uint64_t modseq = dialect.condstore ? now.highest_modseq.value_or(0) : 0;
  const bool trusted = modseq != 0 && before.highest_modseq != 0 && modseq >= before.highest_modseq;
  const bool flags_same = flags == FlagScan::Never || (trusted && modseq == before.highest_modseq);
  if (same && !before.partial && (flags_same || now.messages == 0U)) {
    return Rung::Unchanged;
  }
  if (!trusted) {
    return Rung::Plain;
  }
  return dialect.qresync ? Rung::QResync : Rung::CondStore;
}

bool adds_up(const StatusData& now, const MailboxCursor& before) {
  return now.uid_next && now.messages && *now.uid_next >= before.uid_next &&
         *now.messages == before.known.count() + (*now.uid_next - before.uid_next);
}

}  // namespace mailpipe::imap
