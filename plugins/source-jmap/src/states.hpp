#pragma once

#include <optional>
#include <string>

namespace mailpipe::jmap {

/// Up to where an account has been listed: what the cursor of its stream holds.
struct States {
  std::string email;
  std::string mailbox;

  std::string to_cursor() const;

  /// Nothing for a cursor that is not ours: then the account is listed anew.
  static std::optional<States> from_cursor(const std::string& text);

  friend bool operator==(const States&, const States&) = default;
};

}  // namespace mailpipe::jmap
