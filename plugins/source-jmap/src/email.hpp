#pragma once

#include "api.hpp"

#include <mailpipe/item.hpp>

#include <string>
#include <unordered_set>
#include <vector>

namespace mailpipe::jmap {

/// The properties that every Email/get asks for, as JSON text of an array.
const nlohmann::json& email_properties();

/// "jmap:<account>:<email>".
std::string email_key(const std::string& account_id, const std::string& email_id);

/// The id in a key made by email_key, or empty.
std::string email_id_of(const std::string& key);

/// What Email/get found, and what it did not.
struct EmailPage {
  std::vector<Item> items;
  std::unordered_set<std::string> found;
  std::unordered_set<std::string> not_found;

  /// Throws Error (Permanent) naming the method if one of `ids` is neither found nor not found: nothing may get lost
  /// between a listing and its details.
  void require_all(const std::vector<std::string>& ids, const std::string& where) const;
};

/// Reads an Email/get result. Throws Error (Permanent) for an Email that breaks RFC 8621, naming its id.
EmailPage read_emails(const MethodResult& result, const std::string& account_id, StreamId stream);

}  // namespace mailpipe::jmap
