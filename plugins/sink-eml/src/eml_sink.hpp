#pragma once

#include "eml_name.hpp"
#include "file_digest.hpp"
#include "sidecars.hpp"
#include "staging.hpp"
#include "trash.hpp"

#include <mailpipe/host.hpp>
#include <mailpipe/options.hpp>
#include <mailpipe/sink.hpp>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace mailpipe::eml {

/// A folder of .eml files, one a message, the octets as the server sent them.
///
/// Life cycle   As Sink says. The root is opened once; all work goes through its descriptor.
/// Threads      One at a time.
/// Errors       Item when a name is taken by somebody else's file, NoSpace and Permanent when a
///              write or sync fails, Config when the folder is not ours to write.
/// Idempotence  A message that lies there already, same name and same octets, keeps that name.
/// Durability   store() writes under `.mailpipe-stage`, sync(Data) makes it durable, publish() is
///              one rename that replaces nothing, sync(Names) one fsync of the root.
/// Sidecars     With `sidecar: json`, as Sidecars says; a message whose sidecar a crash took is not
///              recovered but stored again.
class EmlSink final : public Sink {
 public:
  EmlSink(const Options& options, Host& host);

  void open(bool read_only) override;
  RootState root() override;
  void mark(const std::string& text) override;
  Staged store(const Item& item, const Body& body) override;
  void publish(const Staged& staged) override;
  void discard(const Staged& staged) override;
  void sync(SyncPhase phase) override;
  bool recover(const Intent& intent) override;
  void sweep() override;
  std::string update(const Receipt& receipt, const Item& item) override;
  void remove(const Receipt& receipt, Removal how) override;
  void read(const Receipt& receipt, const std::function<void(std::string_view)>& sink) override;
  void scan(const std::function<void(const Found&)>& found) override;

 private:
  Staging& staging();
  bool recover_sidecar(const Intent& intent, bool whole);
  std::string free_name(const NameChoice& choice, const FileDigest& content);
  void publish_as(const std::string& token, const std::string& name);
  bool lies_there(const std::string& name, const FileDigest& content);
  std::optional<FileDigest> content_of(const std::string& token) const;
  std::vector<std::string> names();
  File open_file(const std::string& name, int& result);
  void sync_names();

  std::string path_of(const std::string& name) const { return root_.path() + "/" + name; }

  Host& host_;
  Fs& fs_;
  std::string path_;
  SyncMode sync_mode_;
  File root_;  ///< not open after a look at a folder that is missing
  std::optional<Staging> staging_;
  bool with_sidecars_;
  std::optional<Sidecars> sidecars_;
  Trash trash_;
  // What publish() compares with when it is asked twice, by token: staged; published since the last
  // sync of the names; published before it, for one more batch.
  std::map<std::string, FileDigest> staged_, published_, settled_;
  std::map<std::string, FileDigest> reserved_;  ///< by name: staged and not visible yet
  bool names_changed_ = false;
  bool broken_ = false;  ///< a sync of the names failed
  bool unsure_ = false;  ///< what a run before this one did need not be durable
};

}  // namespace mailpipe::eml
