#pragma once

#include "location.hpp"
#include "staging_names.hpp"

#include <mailpipe/file.hpp>
#include <mailpipe/host.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace mailpipe::mbox {

/// Messages that wait, encoded, to be appended: files "mp-..." in our own folder, each with many. One
/// is open for writing; sync() ends it, and the next message begins another. A file goes away when
/// none of its messages is wanted any more.
///
/// Threads     One.
/// Errors      As throw_errno; a failed sync is final.
/// Durability  After sync() what was added is durable; the file's name is, after the next fsync of the
///             folder.
class Stages {
 public:
  Stages(Fs& fs, const File& own) : fs_(fs), own_(own) {}

  /// Adds one message; `write` gives its octets. If it throws, nothing was added.
  Token add(const std::function<void(const std::function<void(std::string_view)>&)>& write);

  void sync();

  /// Whether the message waits.
  bool contains(const Token& token) const;

  /// It does not wait any more. Its octets stay until tidy().
  void drop(const Token& token);

  /// Removes files of which no message waits.
  void tidy();

  /// Removes what other runs left, but what `keep` names.
  void sweep(Host& host, const std::function<bool(const std::string&)>& keep);

  /// Opens one for reading; not open if it is not there.
  File open(const std::string& stage);

  std::string next_name() { return names_.next(); }

 private:
  struct Stage {
    File file;  ///< open while it is written
    std::uint64_t length = 0;
    std::map<std::uint64_t, std::uint64_t> waiting;  ///< lengths by offset
  };

  void remove(const std::string& name);
  Stage& writable();

  Fs& fs_;
  const File& own_;
  StagingNames names_;
  std::map<std::string, Stage> stages_;
  std::string current_;  ///< the one that is written, or empty
  bool broken_ = false;
};

}  // namespace mailpipe::mbox
