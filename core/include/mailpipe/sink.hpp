#pragma once

#include <mailpipe/body.hpp>
#include <mailpipe/error.hpp>
#include <mailpipe/item.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace mailpipe {

enum class SyncPhase : std::int32_t { Data = 1, Names = 2 };
enum class Removal : std::int32_t { Trash = 1, Delete = 2 };

/// A mailbox that is to be there, even without a message in it; or one that is no longer on the
/// server, to be removed if the sink made it and it is empty. There is no rename: its messages get a
/// new place each, then lose the old one.
enum class MailboxChange : std::int32_t { Create = 1, Remove = 2 };

/// What lies in a sink's root before we write.
struct RootState {
  std::string marker;  ///< the text that mark() last wrote, or empty
  bool empty =
      true;  ///< no message lies there, whoever wrote it; asked only when there is no marker
};

/// A destination for messages: a mailbox tree, a folder of files, an archive file.
///
/// Life cycle   open(); recover() for each open intent, sync(Names), sweep(); then batches of
/// store() and link(),
///              sync(Data), publish(), sync(Names); then destruction, which gives up what was not
///              published.
/// Threads      One thread at a time; it may differ per call.
/// Ownership    Item, Body and Receipt are borrowed for the length of the call.
/// Errors       Throws Error. After any error nothing of that message is visible; after a failed
/// sync the engine trusts
///              nothing of the batch and hands it out again later.
/// Idempotence  publish(), update(), remove() and mailbox() may be done twice.
/// Durability   After sync(Data) what was staged before it survives a power cut; after sync(Names)
/// what was published
///              does. A reader sees all of a message or none of it.
/// Optional     link, update, remove, mailbox, read, scan: used only when the manifest names the
/// capability.
class Sink {
 public:
  virtual ~Sink() = default;

  /// Creates or checks the destination; `read_only` only looks. Throws Config if it is not ours to
  /// write.
  virtual void open(bool read_only) = 0;

  /// After open().
  virtual RootState root() = 0;

  /// Writes the engine's marker beside the messages, replacing an older one; durable on return. mark_root() in
  /// root_marker.hpp does it for a sink whose root is a folder.
  virtual void mark(const std::string& text) = 0;

  /// Writes the message where no reader sees it and chooses its final places.
  virtual Staged store(const Item& item, const Body& body) = 0;

  /// Makes a staged message visible in all its places; never replaces a file.
  virtual void publish(const Staged& staged) = 0;

  /// Gives up a staging that was not published.
  virtual void discard(const Staged& staged) = 0;

  virtual void sync(SyncPhase phase) = 0;

  /// Whether what an open intent was to make true is there, whole, with its digest. If not, nothing
  /// of it is left visible.
  virtual bool recover(const Intent& intent) = 0;

  /// Removes our own stagings that nothing owns any more.
  virtual void sweep() = 0;

  /// Stages one more place for a stored message; then as after store(). Throws Item when the stored
  /// file is not there any more.
  virtual Staged link(const Receipt&, const Item&, const std::string& /*place*/) {
    unsupported("link");
  }

  /// Takes over what the server changed: the difference between the receipt's keywords and the
  /// item's; with the capability "metadata" whatever else changed as well: places, attributes. What somebody else changed here stays. Returns the location, which may have changed;
  /// the old one when the file is not there any more.
  virtual std::string update(const Receipt&, const Item&) { unsupported("update"); }

  /// Takes away one place. A file that is not the one that was stored stays.
  virtual void remove(const Receipt&, Removal) { unsupported("remove"); }

  virtual void mailbox(MailboxChange, const Mailbox&) { unsupported("mailboxes"); }

  /// The octets of a stored message as the server sent them.
  virtual void read(const Receipt&, const std::function<void(std::string_view)>&) {
    unsupported("read");
  }

  /// Everything that lies there, ours or not.
  virtual void scan(const std::function<void(const Found&)>&) { unsupported("scan"); }

 private:
  [[noreturn]] static void unsupported(const char* capability) {
    throw Error(ErrorClass::Internal, std::string("this sink cannot '") + capability + "'");
  }
};

}  // namespace mailpipe
