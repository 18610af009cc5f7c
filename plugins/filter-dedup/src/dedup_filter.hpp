#pragma once

#include <mailpipe/filter.hpp>
#include <mailpipe/host.hpp>
#include <mailpipe/options.hpp>

#include <optional>
#include <string>

namespace mailpipe::dedup {

/// Finds messages that the pipeline keeps already, by their octets or by their Message-ID.
///
/// Life cycle   Nothing in memory: every fingerprint is a value of its own in the ledger, whose value is the key of
///              the *owner*, the message that is kept.
/// Threads      One.
/// Errors       As Host and Body throw.
/// Determinism  An owner is never its own duplicate, so what is replayed after a crash is kept again.
/// Two phases   Without settle(): the owner is written into the open transaction of the ledger, which is durable before
///              anything that is decided in it is. If the owner then comes to nothing (it failed, a later filter left it
///              out, it was removed), Host::kept() does not know it, and the next message with its fingerprint
///              takes its place. Nothing is ever a duplicate of what is not kept.
class DedupFilter final : public Filter {
 public:
  DedupFilter(const Options& options, Host& host);

  Needs needs() const override { return by_message_id_ ? Needs::Headers : Needs::Body; }

  Verdict judge(const Item& item, const Body* body) override;

 private:
  std::optional<std::string> fingerprint(const Body& body) const;

  Host& host_;
  bool by_message_id_;
  bool link_;
};

}  // namespace mailpipe::dedup
