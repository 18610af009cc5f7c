#pragma once

#include "host_policy.hpp"
#include "login_keeper.hpp"
#include "session.hpp"
#include "settings.hpp"

#include <mailpipe/host.hpp>
#include <mailpipe/options.hpp>
#include <mailpipe/source.hpp>

namespace mailpipe::jmap {

/// One mail account over JMAP (RFC 8620, RFC 8621). Its stream is the account; its cursor holds the Email and Mailbox states.
///
/// Threads  list() and fetch() each bring connections of their own; they share the login and the session object.
class JmapSource : public Source {
 public:
  JmapSource(const Options& options, Host& host);

  void check() override;
  void list(const Cursors& cursors, Emitter& emitter) override;
  void fetch(WorkQueue& queue) override;

 private:
  /// With the password for the proxy, read when it is first needed.
  HttpSettings http_settings();

  Host& host_;
  const Settings settings_;
  const HostPolicy policy_;
  LoginKeeper login_;
  SessionKeeper sessions_;
};

}  // namespace mailpipe::jmap
