#include "imap_source.hpp"

#include "fetcher.hpp"
#include "lister.hpp"
#include "login.hpp"
#include "session.hpp"

namespace mailpipe::imap {

namespace {

/// check() tells nothing to an engine.
class Nobody : public Emitter {
 public:
  StreamId stream(std::string_view /*name*/, std::string_view /*label*/) override { return 0; }

  void emit(Event /*event*/) override {}
};

}  // namespace

ImapSource::ImapSource(const Options& options, Host& host)
    : host_(host),
      settings_(read_settings(options, host)),
      login_(host, settings_.user, login_option(settings_)),
      rate_(settings_.rate) {}

void ImapSource::check() {
  Session session(settings_, host_, login_);
  session.open();
  Nobody nobody;
  Lister(session, settings_, host_, nobody, directory_).look();
}

void ImapSource::list(const Cursors& cursors, Emitter& emitter) {
  Session session(settings_, host_, login_);
  session.open();
  Lister(session, settings_, host_, emitter, directory_).run(cursors);
}

void ImapSource::fetch(WorkQueue& queue) {
  const FetchWorld world{
      settings_, host_, directory_,
      rate_,     gate_, [this] { return std::make_unique<Session>(settings_, host_, login_); }};
  Fetcher(world, queue).run();
}

}  // namespace mailpipe::imap
