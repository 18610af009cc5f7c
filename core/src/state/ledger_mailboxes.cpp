// The mailboxes of the source, and those it has no longer. See ledger.hpp.
#include "state/ledger.hpp"
#include "state/pack.hpp"

namespace mailpipe::state {

std::optional<std::vector<std::string>> Ledger::mailbox_path(StreamId stream,
                                                             const std::string& id) {
  Statement& get = cached("SELECT path FROM mailboxes WHERE stream=? AND id=?")
                       .bind(stream, std::string_view(id));
  std::optional<std::vector<std::string>> path;
  if (get.next()) {
    path = unpack(get.text(0));
  }
  get.reset();
  return path;
}

void Ledger::put_mailbox(StreamId stream, const Mailbox& mailbox) {
  write();
  cached(
      "INSERT INTO mailboxes VALUES(?,?,?,?) ON CONFLICT DO UPDATE SET path=excluded.path, "
      "role=excluded.role")
      .run(stream, std::string_view(mailbox.id), std::string_view(pack(mailbox.path)),
           std::string_view(mailbox.role));
}

void Ledger::remove_mailbox(StreamId stream, const std::string& id) {
  write();
  cached("DELETE FROM mailboxes WHERE stream=? AND id=?").run(stream, std::string_view(id));
}

std::vector<std::string> Ledger::mailbox_ids(StreamId stream) {
  Statement& get = cached("SELECT id FROM mailboxes WHERE stream=?").bind(stream);
  std::vector<std::string> ids;
  while (get.next()) {
    ids.push_back(get.copy(0));
  }
  return ids;
}

void Ledger::complete(Item& item) {
  Statement& get = cached("SELECT path, role FROM mailboxes WHERE stream=? AND id=?");
  for (Mailbox& place : item.places) {
    get.bind(item.stream, std::string_view(place.id));
    if (get.next()) {
      place.path = unpack(get.text(0));
      place.role = get.copy(1);
    }
    get.reset();
  }
}

std::vector<Mailbox> Ledger::mailboxes() {
  Statement& get = cached("SELECT min(id), path, max(role) FROM mailboxes GROUP BY path").bind();
  std::vector<Mailbox> out;
  while (get.next()) {
    out.push_back({.id = get.copy(0), .path = unpack(get.text(1)), .role = get.copy(2)});
  }
  return out;
}

void Ledger::leave_mailbox(const std::vector<std::string>& path) {
  write();
  const std::string packed = pack(path);
  cached(
      "INSERT OR IGNORE INTO left_mailboxes SELECT ?1 WHERE NOT EXISTS"
      " (SELECT 1 FROM mailboxes WHERE path=?1)")
      .run(std::string_view(packed));
}

std::vector<Mailbox> Ledger::left_mailboxes() {
  // One that came back meanwhile is left out; deeper ones first, so that a folder is empty when its turn comes.
  Statement& get = cached(
                       "SELECT path FROM left_mailboxes l WHERE NOT EXISTS"
                       " (SELECT 1 FROM mailboxes m WHERE m.path=l.path) ORDER BY path DESC")
                       .bind();
  std::vector<Mailbox> out;
  while (get.next()) {
    out.push_back({.id = {}, .path = unpack(get.text(0)), .role = {}});
  }
  return out;
}

void Ledger::forget_left_mailbox(const std::vector<std::string>& path) {
  write();
  cached("DELETE FROM left_mailboxes WHERE path=?").run(std::string_view(pack(path)));
}

}  // namespace mailpipe::state
