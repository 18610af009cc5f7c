#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace mailpipe::app {

/// Takes secrets out of what is about to be written: the last gate before logs, summary and report.
///
/// Threads  Any, at any time.
class Redactor {
 public:
  static Redactor& instance();

  /// From now on this value is replaced: as it is, as JSON or the printable gate would write it, percent-encoded, in
  /// base64 wherever it stands there (SASL and HTTP logins), whatever the case, and its beginning where a text is cut off.
  /// Values shorter than 4 octets are not: they would hide half of every text.
  void add(std::string_view secret);

  std::string redact(std::string text) const;

 private:
  struct Form {
    std::string text;  ///< in lower case
    bool is_base64;
  };

  mutable std::mutex mutex_;
  std::vector<Form> forms_;  ///< longest first
};

}  // namespace mailpipe::app
