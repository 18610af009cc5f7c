#pragma once

#include "api.hpp"
#include "email.hpp"
#include "states.hpp"

#include <mailpipe/host.hpp>
#include <mailpipe/source.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace mailpipe::jmap {

/// What the listings share: one account's API, where events go, and how much to ask for at once.
///
/// Threads    One at a time.
/// Ownership  Borrows all but the stream.
class Lister {
 public:
  Lister(Api& api, Host& host, Emitter& emitter, StreamId stream);

  /// Runs the calls. `patient`: waits out what may pass (a few tries), so that a long listing does not begin again because
  /// of one dropped connection.
  std::vector<MethodResult> call(const std::vector<MethodCall>& calls, bool patient);

  /// All mailboxes as events; returns Mailbox/get's state.
  std::string tell_mailboxes();

  /// Emails per page, as far as the server takes it. Halved by ask_less(), which throws the failure at one.
  std::uint64_t page_size() const noexcept { return page_size_; }

  void ask_less(const MethodResult& failed);

  Emitter& emitter() noexcept { return emitter_; }

  Host& host() noexcept { return host_; }

  StreamId stream() const noexcept { return stream_; }

  const std::string& account_id() const noexcept { return api_.session().account_id; }

 private:
  std::string tell_paged_mailboxes();
  void tell(const std::vector<struct MailboxRow>& rows);

  Api& api_;
  Host& host_;
  Emitter& emitter_;
  StreamId stream_;
  std::uint64_t page_size_;
};

/// Lists everything that an account holds, and returns the states from which changes() then goes on. RFC 8621 has no
/// snapshot: the states are taken before the first page, so whatever happens while paging is in the changes since them.
States list_all(Lister& lister);

/// Tells what changed since `from`, a checkpoint per page. When the server cannot tell: throws Error (CursorLost), but right
/// after a complete listing it is left at that, or each listing would ask for the next one.
void list_changes(Lister& lister, const States& from, bool just_listed);

}  // namespace mailpipe::jmap
