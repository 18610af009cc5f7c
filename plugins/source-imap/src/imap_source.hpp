#pragma once

#include "connection_gate.hpp"
#include "directory.hpp"
#include "login_keeper.hpp"
#include "rate_limiter.hpp"
#include "settings.hpp"

#include <mailpipe/host.hpp>
#include <mailpipe/options.hpp>
#include <mailpipe/source.hpp>

namespace mailpipe::imap {

/// One mail account over IMAP (RFC 3501, RFC 9051). Each mailbox is a stream; its cursor is a MailboxCursor.
///
/// Threads  list() and each fetch() bring a connection of their own; they share the login, the caps and the Directory.
class ImapSource : public Source {
 public:
  ImapSource(const Options& options, Host& host);

  std::uint32_t fetch_threads() const override { return settings_.connections; }

  void check() override;
  void list(const Cursors& cursors, Emitter& emitter) override;
  void fetch(WorkQueue& queue) override;

 private:
  Host& host_;
  const Settings settings_;
  LoginKeeper login_;
  Directory directory_;
  RateLimiter rate_;
  ConnectionGate gate_;
};

}  // namespace mailpipe::imap
