#pragma once

#include <mailpipe/body.hpp>
#include <mailpipe/item.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mailpipe::eml {

/// What a message's file is to be called: a head that is never cut, and text that is cut to fit.
struct NameChoice {
  std::string head;  ///< encoded
  std::string text;  ///< as it came

  /// The nth name of this choice, at most 255 octets, one component: "x.eml", "x (2).eml", ...
  std::string numbered(unsigned n) const;
};

/// The item's own name if a filter gave it one, or else YYYYMMDD_HHMMSS_<id>_<subject>, in UTC, as
/// the seed script did; 00000000_000000 when the time is not known. Without a usable server id a
/// hash of the key takes its place.
NameChoice choose_name(const Item& item, const Body& body);

/// What the name of a file tells about its message.
struct ParsedName {
  std::optional<std::chrono::sys_seconds> received_at;
  std::vector<std::string> server_ids;  ///< longest first; an id may itself contain underscores
};

ParsedName parse_name(std::string_view name);

}  // namespace mailpipe::eml
