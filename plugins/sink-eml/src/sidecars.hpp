#pragma once

#include "file_digest.hpp"
#include "staging.hpp"
#include "trash.hpp"

#include <mailpipe/file.hpp>
#include <mailpipe/host.hpp>
#include <mailpipe/item.hpp>
#include <mailpipe/sink.hpp>

#include <functional>
#include <map>
#include <optional>
#include <string>

namespace mailpipe::eml {

/// The files beside the messages that tell what the server says of them.
///
/// Order        A sidecar is staged with its message, synced with it, and renamed into place before it: whoever sees
///              a message sees its sidecar. What changes later (update(), or a second message of one file in one batch) is
///              written, synced and renamed by flush(), all of a batch at once.
/// Threads      One.
/// Errors       Item when a file that is none of ours has a sidecar's name; it is never replaced. Else as Staging.
/// Durability   After flush() and a sync of the root's names.
class Sidecars {
 public:
  /// All outlive this object. `staging` is null after a look only.
  Sidecars(Fs& fs, Host& host, const File& root, Staging* staging)
      : fs_(fs),
        host_(host),
        root_(root),
        staging_(staging) {}

  /// Whether the sidecar's name is free, or its own.
  bool may_have(const std::string& message);

  /// With `token`, under which the message is staged.
  void stage(const std::string& token, const std::string& message, const FileDigest& content,
             const Item& item);

  /// Before the message of that staging; gives the key that the sidecar tells of now. A second time it does nothing.
  std::optional<std::string> publish(const std::string& token);
  void discard(const std::string& token);

  /// What the server says now.
  void update(const std::string& message, const FileDigest& content, const Item& item);

  /// That message is not there, whatever was to become of it.
  void drop(const std::string& message, const std::string& key);

  /// With the message's file.
  void remove(const std::string& message, Removal how, Trash& trash);

  /// What the sidecar says, or is to say after flush(); empty when there is none.
  std::string text_of(const std::string& message);

  /// Whether the file is a sidecar of ours, and so no message.
  bool is_one(const std::string& name);

  /// Whether names changed since the last flush() that did not throw.
  bool flush();

  bool owns(const std::string& token) const;

 private:
  struct Written {
    std::string token, text;
    bool replaces = false;
  };

  struct Waiting {
    std::string message;
    FileDigest content;
    Item item;
    std::optional<Written> file;  ///< nothing: another one came between, it is written anew
  };

  std::optional<std::string> read(const std::string& name);
  Written write(std::string text, bool replaces);
  void put(const std::string& message, std::string text);
  void unput(const std::string& message);
  void take_away(const std::string& message, const std::function<int(const char* name)>& take);
  bool rename(const Written& from, const std::string& message);
  void forget_staged(const std::string& message);

  std::string path_of(const std::string& name) const { return root_.path() + "/" + name; }

  Fs& fs_;
  Host& host_;
  const File& root_;
  Staging* staging_;
  std::map<std::string, Waiting> waiting_;                  ///< by the token of the message
  std::multimap<std::string, std::string> waiting_tokens_;  ///< of waiting_, by message
  std::map<std::string, Written> to_rename_;                ///< by message
  bool changed_ = false;
};

}  // namespace mailpipe::eml
