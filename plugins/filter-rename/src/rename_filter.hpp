#pragma once

#include "mailbox_path.hpp"
#include "message_name.hpp"

#include <mailpipe/filter.hpp>
#include <mailpipe/host.hpp>
#include <mailpipe/options.hpp>

#include <optional>

namespace mailpipe::rename {

/// Names messages and their mailboxes by templates. Keeps every message, and never touches its octets.
///
/// Threads      One.
/// Errors       Config for what lint refuses, and for a time zone that this machine does not know.
/// Determinism  A name follows from the item and its octets, a mailbox from the item alone; neither from the time of the
///              run or from other messages.
class RenameFilter final : public Filter {
 public:
  RenameFilter(const Options& options, Host& host);

  Needs needs() const override;
  Verdict judge(const Item& item, const Body* body) override;

 private:
  TimeText time_;
  std::optional<MessageName> name_;
  MailboxPath mailbox_;
};

}  // namespace mailpipe::rename
