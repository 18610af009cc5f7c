#pragma once

#include "mboxrd.hpp"

#include <mailpipe/file.hpp>

#include <cstdint>
#include <map>
#include <string>

namespace mailpipe::mbox {

/// The file "ends" in our own folder: a line "<offset> <ends> <box>" for each message whose ends an mbox
/// does not tell. Locations say it, too; this is for scan(), when there is no ledger any more. Only ever
/// appended to; a line that no longer fits costs a download.
class EndsLog {
 public:
  static constexpr const char* kName = "ends";

  using Offsets = std::map<std::uint64_t, Ends>;

  /// Remembers a message for write().
  void add(const std::string& box, std::uint64_t offset, Ends ends);

  /// Makes the file if it is missing; its name is as durable as the folder.
  static void make(Fs& fs, const File& own);

  /// Durable on return, if the file's name is.
  void write(Fs& fs, const File& own);

  static std::map<std::string, Offsets> load(Fs& fs, const File& own);

 private:
  std::string lines_;
};

}  // namespace mailpipe::mbox
