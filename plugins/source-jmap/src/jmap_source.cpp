#include "jmap_source.hpp"

#include "api.hpp"
#include "fetcher.hpp"
#include "lister.hpp"
#include "states.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <exception>

namespace mailpipe::jmap {

namespace {

/// What failed may have failed because the session object is no longer true.
class ForgetOnFailure {
 public:
  explicit ForgetOnFailure(SessionKeeper& sessions)
      : sessions_(sessions),
        before_(std::uncaught_exceptions()) {}

  ~ForgetOnFailure() {
    if (std::uncaught_exceptions() > before_) {
      sessions_.forget();
    }
  }

  ForgetOnFailure(const ForgetOnFailure&) = delete;
  ForgetOnFailure& operator=(const ForgetOnFailure&) = delete;

 private:
  SessionKeeper& sessions_;
  int before_;
};

}  // namespace

JmapSource::JmapSource(const Options& options, Host& host)
    : host_(host),
      settings_(read_settings(options, host)),
      policy_(settings_.session_url, settings_.allow_hosts, settings_.allow_plain_http),
      login_(host, settings_.user),
      sessions_(settings_.session_url, policy_, settings_.account) {
  policy_.require(settings_.session_url, "session_url");
}

HttpSettings JmapSource::http_settings() {
  HttpSettings out = settings_.http;
  if (!out.proxy_user.empty()) {
    out.proxy_password = host_.secret("/proxy_password");
  }
  return out;
}

void JmapSource::check() {
  const ForgetOnFailure forget(sessions_);
  HttpClient http(http_settings(), policy_);
  JsonChannel channel(http, login_, host_, settings_.json);
  Api api(channel, sessions_.get(channel));
  nlohmann::json nothing;
  nothing["ids"] = nlohmann::json::array();
  const MethodResult result = api.call({make_call("Email/get", nothing)}).front();
  if (result.failed()) {
    throw failure_of(result);
  }
}

void JmapSource::list(const Cursors& cursors, Emitter& emitter) {
  const ForgetOnFailure forget(sessions_);
  HttpClient http(http_settings(), policy_);
  JsonChannel channel(http, login_, host_, settings_.json);
  Api api(channel, sessions_.get(channel));
  const StreamId stream = emitter.stream(api.session().account_id, api.session().account_name);
  Lister lister(api, host_, emitter, stream);
  const auto cursor = std::find_if(cursors.begin(), cursors.end(),
                                   [&](const Cursor& c) { return c.stream == stream; });
  const auto from = cursor == cursors.end() ? std::nullopt : States::from_cursor(cursor->value);
  if (from) {
    list_changes(lister, *from, false);
  } else {
    list_changes(lister, list_all(lister), true);
  }
}

void JmapSource::fetch(WorkQueue& queue) {
  HttpClient http(http_settings(), policy_);
  JsonChannel channel(http, login_, host_, settings_.json);
  Fetcher(http, channel, {login_, sessions_, host_, queue},
          {settings_.max_in_flight, settings_.max_message_size})
      .run();
}

}  // namespace mailpipe::jmap
