#pragma once

#include "data_sync.hpp"
#include "staging_names.hpp"

#include <mailpipe/file.hpp>
#include <mailpipe/host.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mailpipe::eml {

class Staging;

/// One file on its way into the staging folder; removed again unless it is handed to finish().
class StagingFile {
 public:
  StagingFile(Staging& staging, std::string token, File file)
      : staging_(&staging),
        token_(std::move(token)),
        file_(std::move(file)) {}

  StagingFile(StagingFile&& other) noexcept
      : staging_(std::exchange(other.staging_, nullptr)),
        token_(std::move(other.token_)),
        file_(std::move(other.file_)) {}

  StagingFile& operator=(StagingFile&&) = delete;
  ~StagingFile();

  File& file() noexcept { return file_; }

  const std::string& token() const noexcept { return token_; }

 private:
  friend class Staging;

  Staging* staging_;
  std::string token_;
  File file_;
};

/// The folder in which messages wait, whole and synced, for their names: `.mailpipe-stage` in the
/// sink's root, mode 0700, one file a message, mode 0600.
///
/// Names      StagingNames'.
/// Threads    One.
/// Errors, Durability  As DataSync.
class Staging {
 public:
  static constexpr const char* kFolder = ".mailpipe-stage";

  /// Makes or opens the folder beneath `root`, and follows no link.
  Staging(Fs& fs, const File& root, SyncMode mode);

  /// Throws as throw_errno does.
  StagingFile create();

  /// The file is written: keeps it, to be synced.
  void finish(StagingFile file);

  void sync() { data_.sync(); }

  /// As those of DataSync.
  bool may_sync_whole() const noexcept { return data_.may_sync_whole(); }

  void sync_whole() { data_.sync_whole(); }

  /// Removes one staging; fine when it is not there.
  void remove(const std::string& token);

  /// The same where nothing may be thrown.
  void forget(const std::string& token) noexcept;

  /// Removes every staging of ours, of whatever run, but those that `keep` names.
  void sweep(Host& host, const std::function<bool(const std::string&)>& keep);

  int fd() const noexcept { return folder_.fd(); }

  /// The path of a staging, for messages.
  std::string path_of(const std::string& token) const { return folder_.path() + "/" + token; }

  /// Whether `token` can be a name that create() gave.
  static bool is_token(std::string_view token) { return StagingNames::is_ours(token); }

 private:
  Fs& fs_;
  File folder_;
  DataSync data_;
  StagingNames names_;
};

}  // namespace mailpipe::eml
