#pragma once

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mailpipe::jmap {

/// An Id as RFC 8620 1.2 has it: 1 to 255 of A-Z a-z 0-9 - _. Nothing else may become a key, a file name or a part of a URL.
bool is_id(std::string_view text) noexcept;

/// An account's id: some servers use the user's name as it is, so `.`, `@` and `+` are taken as well.
bool is_account_id(std::string_view text) noexcept;

/// One JSON object of a server's answer, read field by field, each checked for its type.
///
/// Ownership  Borrows the object.
/// Errors     Throws Error (Permanent) naming server, method and field; what nlohmann would throw never occurs.
class Fields {
 public:
  /// `where`: "mail.example.org:443, Email/get".
  Fields(const nlohmann::json& object, std::string where);

  bool has(const char* name) const;  ///< there, and not null
  std::string text(const char* name) const;
  std::string text_or(const char* name, std::string other) const;
  std::uint64_t number(const char* name) const;
  std::uint64_t number_or(const char* name, std::uint64_t other) const;
  bool flag_or(const char* name, bool other) const;
  std::string id(const char* name) const;
  std::vector<std::string> ids(const char* name) const;  ///< an array of Ids
  std::vector<std::string> texts(const char* name) const;
  std::vector<std::string> true_keys(const char* name) const;  ///< of an object like {"a": true}
  const nlohmann::json& array(const char* name) const;
  const nlohmann::json& object(const char* name) const;

  const std::string& where() const noexcept { return where_; }

  /// Throws the Error that the field is not what it should be.
  [[noreturn]] void refuse(const std::string& why) const;

 private:
  const nlohmann::json& at(const char* name) const;

  const nlohmann::json& object_;
  std::string where_;
};

}  // namespace mailpipe::jmap
