#pragma once

#include <mailpipe/file.hpp>
#include <mailpipe/host.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace mailpipe::maildir {

/// What mbsync (isync 1.3 to 1.5) knows of one mailbox: which message of the server, the far side,
/// is which file of the Maildir, the near side.
struct MbsyncState {
  std::uint32_t far_validity = 0;
  std::uint32_t near_validity = 0;
  std::unordered_map<std::uint32_t, std::uint32_t> far_by_near;  ///< UIDs of whole messages
};

/// A state file: `FarUidValidity 5` and more lines, an empty one, then `<far> <near> <flags>`.
/// Messages that are on one side only, and placeholders of large ones, are left out. Nothing when
/// it is no state file.
std::optional<MbsyncState> parse_mbsync_state(std::string_view text);

/// The near UID in the name of a file, `...,U=<uid>...`.
std::optional<std::uint32_t> near_uid_in(std::string_view base);

/// Finds the state file of a folder: `.mbsyncstate` in it, or where `SyncState` says.
///
/// Errors  As throw_errno. What is not as mbsync writes it is told of in the log and left out; so is
///         a Maildir whose `.uidvalidity` is not the one that the state is of, and the alternate
///         scheme of `AltMap yes` (`.isyncuidmap.db`).
class MbsyncStates {
 public:
  /// `elsewhere`: the value of SyncState, or empty.
  MbsyncStates(Fs& fs, Host& host, std::string elsewhere);

  /// `box`: the mailbox as mbsync calls it, "A/B".
  std::optional<MbsyncState> of(const File& folder, std::string box);

 private:
  std::optional<std::string> text_elsewhere(std::string box);

  Fs& fs_;
  Host& host_;
  std::string elsewhere_;
};

}  // namespace mailpipe::maildir
