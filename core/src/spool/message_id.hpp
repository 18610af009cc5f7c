#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mailpipe::spool {

/// 64 bits of the SHA-256 of a Message-ID without its brackets: enough to find the few messages that have it, and no
/// foreign text in the ledger. Nothing for an empty one.
std::optional<std::uint64_t> message_id_hash(std::string_view id);

/// Finds the Message-ID field in a header that comes in pieces. The one place of the engine that knows anything of mail's
/// format (RFC 5322 section 3.6.4): people ask for a message by this name, and every header passes here anyway.
class MessageIdScan {
 public:
  /// The next octets of a message; what follows the header counts for nothing.
  void add(std::string_view octets);

  /// Nothing that follows can change the answer.
  bool done() const noexcept { return at_ == At::Done; }

  std::optional<std::uint64_t> hash() const { return message_id_hash(value_); }

 private:
  enum class At { Name, Value, LineEnd, OtherLine, Done };

  void add_name(char octet);

  At at_ = At::Name;
  std::string name_, value_;
};

}  // namespace mailpipe::spool
