#include "folder_note.hpp"
#include "fuzz/target.hpp"
#include "sidecar_text.hpp"

#include <mailpipe/testing/message.hpp>

#include <algorithm>

namespace mailpipe::fuzz {

namespace {

void sidecar(const std::string& old, const Item& item) {
  const std::string name = "a.eml";
  const FileDigest content{3, {}};
  eml::subject_of_sidecar(old);
  eml::tells_of(old, item.key, item.keywords);
  eml::without_message(old, item.key);

  const std::string now = eml::with_message(old, name, content, item);
  hold(std::all_of(now.begin(), now.end(),
                   [](char c) { return c == '\n' || (c >= 0x20 && c < 0x7F); }),
       "a sidecar is ASCII");
  hold(eml::subject_of_sidecar(now) == name, "a sidecar tells whose it is");
  hold(eml::tells_of(now, item.key, item.keywords), "a sidecar tells of its message");
  hold(eml::with_message(now, name, content, item) == now, "the same again changes nothing");
  const std::string without = eml::without_message(now, item.key);
  hold(!eml::tells_of(without, item.key, item.keywords), "what was taken out is not there");

  Item other = item;
  other.key += "2";
  other.server_id += "2";
  const std::string both = eml::with_message(now, name, content, other);
  hold(eml::tells_of(both, item.key, item.keywords) &&
           eml::tells_of(both, other.key, other.keywords),
       "a sidecar tells of all its messages");
}

}  // namespace

/// Lines: key, server id, keyword, mailbox; then a file that lies there as a sidecar, or as a folder's note.
void run(std::string_view octets) {
  Input input(octets);
  Item item = test::message("M1", "x").item;
  item.key = input.part();
  item.server_id = input.part();
  item.keywords = split(input.part(), ' ');
  item.places[0].path = split(input.part(), '\x1e');
  sidecar(std::string(input.rest()), item);
  maildir::parse_note(input.rest());
  hold(maildir::parse_note(maildir::note_text(item.places[0].path)) == item.places[0].path,
       "a folder's note tells its path");
}

}  // namespace mailpipe::fuzz
