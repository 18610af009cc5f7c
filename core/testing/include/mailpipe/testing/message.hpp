#pragma once

#include <mailpipe/body.hpp>
#include <mailpipe/item.hpp>
#include <mailpipe/testing/sha256.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

namespace mailpipe::test {

/// A message with its octets in memory, for components that take an Item and a Body.
struct Message {
  Item item;
  std::string octets;

  /// Valid as long as the message lives and does not change.
  Body body() const {
    const Digest digest = TestSha256::of(octets);
    mp_body view{};
    view.struct_size = sizeof(view);
    view.data = octets.data();
    view.fd = -1;
    view.size = octets.size();
    std::copy(digest.begin(), digest.end(), std::begin(view.sha256));
    return Body(view);
  }

  Digest digest() const { return TestSha256::of(octets); }

  Receipt receipt(const std::string& location) const {
    return {item.key, "", location, octets.size(), digest()};
  }
};

inline Message message(const std::string& id, const std::string& subject,
                       std::int64_t received_at = 1'700'000'000) {
  Message out;
  out.item.key = "jmap:a:" + id;
  out.item.server_id = id;
  out.item.places = {{.id = "inbox", .path = {"INBOX"}, .role = "inbox"}};
  out.item.received_at = std::chrono::sys_seconds(std::chrono::seconds(received_at));
  out.octets = "From: a@example.org\r\nSubject: " + subject + "\r\n\r\nbody of " + id + "\r\n";
  out.item.size = out.octets.size();
  return out;
}

}  // namespace mailpipe::test
