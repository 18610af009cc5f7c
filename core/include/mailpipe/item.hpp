#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mailpipe {

/// SHA-256 of the octets as the server sent them.
using Digest = std::array<std::uint8_t, 32>;

/// What has a cursor of its own: a JMAP account, an IMAP mailbox. Given by the engine; survives a
/// rename.
using StreamId = std::uint64_t;

using Pairs = std::vector<std::pair<std::string, std::string>>;

/// A mailbox (RFC 3501 section 5.1, RFC 8621 section 2).
struct Mailbox {
  std::string id;  ///< from a source: its identity of it, e.g. a JMAP mailboxId, kept through
                   ///< renames. To a sink: the identity of the path; another path, another place
  std::vector<std::string>
      path;          ///< decoded components from the root; a component may contain any character
  std::string role;  ///< RFC 8621 role in lower case, or empty

  friend bool operator==(const Mailbox&, const Mailbox&) = default;
};

/// One message of a stream as the source lists it; no body yet. Fields as in plugin.h, mp_item.
struct Item {
  std::string key;
  StreamId stream = 0;
  std::string server_id;
  std::string ref;
  std::optional<std::uint64_t> size;
  std::optional<std::chrono::sys_seconds> received_at;
  std::vector<Mailbox>
      places;  ///< from a source only Mailbox::id counts; the engine knows the rest
  std::vector<std::string> keywords;
  Pairs attributes;
  bool initial = false;  ///< listed by the pipeline's first complete listing, or by one under a new
                         ///< UIDVALIDITY
  std::string name;      ///< a filter's choice of name for sinks with free names, or empty

  friend bool operator==(const Item&, const Item&) = default;
};

/// One mailbox of a message in a sink, and where it lies there.
struct Placed {
  std::string place;     ///< Mailbox::id, or empty for a sink without places
  std::string location;  ///< relative to the sink's root; stable until an update() says otherwise

  friend bool operator==(const Placed&, const Placed&) = default;
};

/// What a sink has staged: complete on its disk, visible to no reader.
struct Staged {
  std::string
      token;  ///< the sink's own name of the staging; given back to recover() after an unclean end
  std::vector<Placed> placed;
};

/// Proof that one place of a message is on disk.
struct Receipt {
  std::string key, place, location;
  std::uint64_t size = 0;
  Digest digest{};
  std::vector<std::string>
      keywords;  ///< as the sink was last given them; what differs, the server changed

  friend bool operator==(const Receipt&, const Receipt&) = default;
};

/// An open intent of a run that did not end cleanly: what was to become true, and the staging it
/// was to come from.
struct Intent {
  Receipt receipt;
  std::string token;
};

/// A message that lies in a sink, as scan() finds it.
struct Found {
  std::string location;
  std::vector<std::string> path;  ///< of its mailbox, decoded; empty for a sink without places
  std::uint64_t size = 0;
  std::optional<std::chrono::sys_seconds> received_at;  ///< as far as the name or the file tells
  Digest digest{};                                      ///< of the file as it lies
  std::vector<std::string>
      server_ids;   ///< ids that the name may stand for; the engine takes the one that exists
  std::string ref;  ///< the Item::ref that another tool's records give it, or empty

  /// The octets as the server sent them, undone from what another tool made of them.
  struct Original {
    std::uint64_t size = 0;
    Digest digest{}, header_digest{};  ///< the header without the empty line that ends it

    friend bool operator==(const Original&, const Original&) = default;
  };

  std::optional<Original> original;  ///< nothing: as it lies, and its header is not known
};

}  // namespace mailpipe
