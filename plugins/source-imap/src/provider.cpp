#include "provider.hpp"

#include <algorithm>

namespace mailpipe::imap {

namespace {

constexpr std::uint64_t kMegabyte = 1'000'000;

// Connections stay below what the provider allows: people have other clients open, too.
constexpr Provider kProviders[] = {
    // 15 connections, 2500 MB down a day (support.google.com/a/answer/1071518).
    {"gmail.com", 8, 2500 * kMegabyte, 0},
    {"googlemail.com", 8, 2500 * kMegabyte, 0},
    // Exchange Online throttles by work done; more connections reach that sooner.
    {"office365.com", 4, 0, 0},
    {"outlook.com", 4, 0, 0},
    {"outlook.live.com", 4, 0, 0},
    // Five connections, and of each mailbox the newest 10,000 messages only. "export" shows all.
    {"export.imap.mail.yahoo.com", 3, 0, 0},
    {"yahoo.com", 3, 0, 10'000},
    {"aol.com", 3, 0, 10'000},
    {"me.com", 3, 0, 0},
    {"icloud.com", 3, 0, 0},
    {"fastmail.com", 10, 0, 0},
};

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

bool is_or_ends_in(std::string_view host, std::string_view domain) {
  if (host.size() < domain.size() ||
      (host.size() > domain.size() && host[host.size() - domain.size() - 1] != '.')) {
    return false;
  }
  const std::string_view tail = host.substr(host.size() - domain.size());
  return std::equal(tail.begin(), tail.end(), domain.begin(),
                    [](char a, char b) { return lower(a) == b; });
}

}  // namespace

Provider provider_of(std::string_view host) {
  const auto* const found =
      std::find_if(std::begin(kProviders), std::end(kProviders),
                   [&](const Provider& provider) { return is_or_ends_in(host, provider.domain); });
  return found == std::end(kProviders) ? Provider{} : *found;
}

}  // namespace mailpipe::imap
