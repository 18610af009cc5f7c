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

  /// From now on this value, as it is and as JSON or the printable gate would write it, is
  /// replaced. Values shorter than 4 octets are not: they would hide half of every text.
  void add(std::string_view secret);

  std::string redact(std::string text) const;

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> forms_;  ///< longest first
};

}  // namespace mailpipe::app
