#pragma once

#include "support/http_client.hpp"

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace mailpipe::testing {

class CyrusServer;

/// One Email as JMAP tells it (RFC 8621, section 4.1).
struct JmapEmail {
  std::string id;
  std::string blob_id;
  std::set<std::string> mailbox_ids;
  std::set<std::string> keywords;
  std::string received_at;  ///< UTC, "2024-02-29T23:59:58Z"
  std::uint64_t size = 0;
  std::string subject;  ///< decoded; empty where it is null
};

/// What to import a message with.
struct JmapImport {
  std::set<std::string> mailbox_ids;  ///< empty: the Inbox
  std::set<std::string> keywords;
  std::string received_at;  ///< empty: now
};

/// One user's mail on a test server, to be filled and changed as a mail reader would. Shares no code with source-jmap, so
/// that a test compares two readings of the standard.
///
/// Threads   One at a time.
/// Errors    Throws std::runtime_error with the server's answer.
class JmapAccount {
 public:
  JmapAccount(const CyrusServer& server, const std::string& user);

  const std::string& user() const noexcept { return user_; }

  const std::string& account_id() const noexcept { return account_id_; }

  std::string upload(const std::string& bytes);  ///< its blobId
  std::string download(const std::string& blob_id);

  /// Uploads and imports; returns the Email's id.
  std::string import_message(const std::string& message, const JmapImport& how = {});

  /// Returns the new mailbox's id. `parent` is an id, or empty for the top.
  std::string create_mailbox(const std::string& name, const std::string& parent = {});
  void rename_mailbox(const std::string& id, const std::string& name);
  void destroy_mailbox(const std::string& id);  ///< with the mail in it

  /// The id of the mailbox of that name.
  std::string mailbox(const std::string& name);

  void move(const std::string& email, const std::set<std::string>& mailbox_ids);
  void set_keywords(const std::string& email, const std::set<std::string>& keywords);
  void destroy(const std::string& email);

  std::vector<std::string> email_ids();
  JmapEmail email(const std::string& id);
  std::vector<JmapEmail> emails();  ///< all of them

 private:
  /// Runs one method (its arguments and result are JSON text) with the accountId filled in.
  std::string call(const std::string& method, const std::string& arguments);
  void update_email(const std::string& id, const std::string& patch);
  std::vector<JmapEmail> get_emails(const std::string& ids);

  std::string base_;
  std::string user_;
  HttpClient http_;
  std::string account_id_;
  std::string api_url_;
  std::string inbox_;
};

}  // namespace mailpipe::testing
