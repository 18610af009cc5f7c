#include "dedup_filter.hpp"

#include "file_digest.hpp"
#include "header_text.hpp"

#include <mailpipe/error.hpp>

#include <string_view>

namespace mailpipe::dedup {
namespace {

// The two kinds never meet, so that a change of `by` begins anew and finds what it had when it is changed back.
constexpr char kContent = 'c';
constexpr char kMessageId = 'm';

std::string named(char kind, const Digest& digest) {
  std::string name(1, kind);
  for (const std::uint8_t octet : digest) {
    name += static_cast<char>(octet);
  }
  return name;
}

}  // namespace

DedupFilter::DedupFilter(const Options& options, Host& host)
    : host_(host),
      by_message_id_(options.text("by") == "message-id"),
      link_(options.text("on_duplicate") == "link") {}

std::optional<std::string> DedupFilter::fingerprint(const Body& body) const {
  if (!by_message_id_) {
    return named(kContent, body.digest());
  }
  const auto id = find_header(header_section(body), "message-id");
  if (!id || id->empty()) {
    return std::nullopt;
  }
  // A digest, as some Message-IDs are thousands of octets long.
  return named(kMessageId, digest_of(std::string_view(*id)));
}

Verdict DedupFilter::judge(const Item& item, const Body* body) {
  if (body == nullptr) {
    throw Error(ErrorClass::Internal, "asked for duplicates of a message that is not there");
  }
  const auto name = fingerprint(*body);
  if (!name) {
    return Verdict::keep();
  }
  const auto owner = host_.get(*name);
  if (owner == item.key) {
    return Verdict::keep();
  }
  // Keys change with a UIDVALIDITY: the owner is written down under the one of today.
  std::optional<std::string> today = owner ? host_.kept(*owner) : std::nullopt;
  if (!today || *today == item.key) {
    host_.put(*name, item.key);
    return Verdict::keep();
  }
  if (today != owner) {
    host_.put(*name, *today);
  }
  return Verdict::duplicate(std::move(*today), link_);
}

}  // namespace mailpipe::dedup
