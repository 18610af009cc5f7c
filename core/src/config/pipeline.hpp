#pragma once

#include "config/catalog.hpp"
#include "config/mark.hpp"
#include "config/secret.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mailpipe::config {

/// One source, filter or sink, checked against its schema.
struct ComponentSpec {
  std::string id;  ///< unique in the pipeline; the type unless `id:` says otherwise
  std::string type;
  Kind kind = Kind::Source;

  /// Canonical JSON for mp_component.create: defaults filled in, durations in seconds, sizes in
  /// octets, instants in epoch seconds, paths absolute, a secret as {"$secret": "<pointer>"}.
  std::string options = "{}";

  /// Canonical JSON of the options as the user wrote them (24h stays "24h", a reference stays a
  /// reference), for the fingerprint. Holds no secret: a literal one is {"$literal": true}.
  std::string written = "{}";

  std::vector<SecretReference> secrets;
  Mark mark;  ///< of its `type:`
};

enum class OnRemove { Keep, Trash, Delete };

struct SinkSpec : ComponentSpec {
  bool required = true;  ///< false: `best_effort: true`
  OnRemove on_remove = OnRemove::Keep;
  std::vector<ComponentSpec> filters;  ///< judge a copy of the item for this sink only
};

/// The `run:` block. engine_schema.cpp has the same defaults; a test compares them.
struct RunSpec {
  struct Batch {
    std::uint64_t messages = 1000;
    std::uint64_t bytes = std::uint64_t{64} << 20U;
    std::chrono::seconds interval{2};
  };

  struct Retry {
    std::chrono::seconds budget{15 * 60};  ///< of one run, over all attempts
    std::chrono::seconds max_backoff{60};
  };

  struct Quarantine {
    std::uint64_t max = 100;  ///< the run stops there
  };

  /// A run that would remove more than both stops before the first removal.
  struct Guard {
    double max_remove_fraction = 0.10;
    std::uint64_t max_remove_count = 20;
  };

  Batch batch;
  Retry retry;
  std::uint64_t memory = std::uint64_t{8} << 20U;  ///< budget of the spool, in octets
  Quarantine quarantine;
  Guard guard;
  std::chrono::seconds grace{30};  ///< to finish what is in flight after the first SIGINT
};

/// One message of a test.
struct TestMessage {
  std::string key, id;
  std::optional<std::chrono::sys_seconds> received_at;
  std::vector<std::string> mailboxes;  ///< paths, / between levels
  std::vector<std::string> keywords;
  std::optional<std::uint64_t> size;
  bool initial = false;
  std::vector<std::pair<std::string, std::string>> headers;  ///< name, value as written
  std::string body;
  std::optional<std::filesystem::path> file;  ///< absolute; then header and body are its octets
};

/// What a test expects of one message; members that are left out may be anything.
struct TestVerdict {
  enum class Kind { Keep, Drop, Hold, Duplicate };

  Kind kind = Kind::Keep;
  std::optional<std::string> reason, owner, name;
  std::optional<std::chrono::sys_seconds> until;
  std::optional<std::vector<std::string>> mailboxes;  ///< as of TestMessage
  Mark mark;
};

/// One entry of `tests:`.
struct TestSpec {
  std::string name;
  std::optional<std::chrono::sys_seconds> now;
  std::string sink;  ///< whose own filters judge as well, or empty
  std::vector<TestMessage> given;
  std::vector<TestVerdict> expect;  ///< as many
  Mark mark;
};

/// One pipeline file, checked and with every unit converted.
struct Pipeline {
  int version = 1;
  std::string name;            ///< [a-z0-9_-]+
  std::filesystem::path file;  ///< absolute
  ComponentSpec source;
  std::vector<ComponentSpec> filters;
  std::vector<SinkSpec> sinks;
  RunSpec run;
  std::vector<TestSpec> tests;
  std::optional<std::filesystem::path> state_dir;  ///< absolute
};

}  // namespace mailpipe::config
