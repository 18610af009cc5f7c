#pragma once

#include "host_policy.hpp"
#include "json_channel.hpp"
#include "url.hpp"

#include <memory>
#include <mutex>
#include <string>

namespace mailpipe::jmap {

/// What the server's session object (RFC 8620 section 2) says that we need.
struct Session {
  Url api;
  Url base;              ///< where the session object came from; relative URLs start there
  std::string download;  ///< URL template
  std::string account_id;
  std::string account_name;
  std::uint64_t max_objects_in_get = 500;

  /// The address of a blob's octets. Throws Error (Permanent) for a template that is none.
  Url blob_url(const std::string& blob_id, const std::string& name) const;
};

/// Reads a session object; `account` picks one of several mail accounts by id or name. Throws Error: Config when the account
/// is not there or not clear, or when apiUrl or downloadUrl lead to a host that the policy does not know.
Session read_session(const nlohmann::json& object, const Url& base, const HostPolicy& policy,
                     const std::string& account);

/// The session of one source, read when first needed.
///
/// Threads  Any; the caller brings its own channel.
class SessionKeeper {
 public:
  SessionKeeper(Url url, const HostPolicy& policy, std::string account)
      : url_(std::move(url)),
        policy_(policy),
        account_(std::move(account)) {}

  std::shared_ptr<const Session> get(JsonChannel& channel);

  /// The next get() reads it anew: servers move their addresses.
  void forget();

 private:
  const Url url_;
  const HostPolicy& policy_;
  const std::string account_;
  std::mutex mutex_;
  std::shared_ptr<const Session> session_;
};

}  // namespace mailpipe::jmap
