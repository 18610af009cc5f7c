#include "file_flags.hpp"
#include "fuzz/target.hpp"
#include "location.hpp"
#include "mbsync_state.hpp"
#include "mbsync_undo.hpp"
#include "message_name.hpp"

namespace mailpipe::fuzz {

namespace {

void state(std::string_view text) {
  const auto read_one = maildir::parse_mbsync_state(text);
  if (!read_one) {
    return;
  }
  hold(read_one->far_validity != 0, "a state is of a UIDVALIDITY");
  for (const auto& [near, far] : read_one->far_by_near) {
    hold(near != 0 && far != 0, "a message that both sides have has two UIDs");
  }
}

void file_name(std::string_view name) {
  const maildir::FileName parts = maildir::parse_name(name);
  hold(name.starts_with(parts.base), "a file's name begins with its base");
  const std::string again = maildir::name_with(parts.base, std::string(parts.flags), parts.rest);
  hold(maildir::parse_name(again).base == parts.base, "flags do not change what a file is");
  maildir::near_uid_in(parts.base);
  maildir::time_in(parts.base);
}

void location(std::string_view text) {
  if (const auto place = maildir::parse_location(text)) {
    hold(place->text() == text, "a location is what its text says");
    hold(text.front() != '/' && text.find('\0') == std::string_view::npos, "no location leads out");
    for (const std::string& part : split(text, '/')) {
      hold(part != ".." && part != "." && !part.empty(), "no location leads out of the root");
    }
  }
}

void undo(std::string_view octets, std::size_t piece) {
  for (const bool on : {false, true}) {
    maildir::MbsyncUndo whole(on);
    maildir::MbsyncUndo pieces(on);
    whole.add(octets);
    for (std::size_t at = 0; at < octets.size(); at += piece) {
      pieces.add(octets.substr(at, piece));
    }
    const Found::Original original = whole.take();
    hold(pieces.take() == original, "what is undone does not depend on pieces");
    hold(on || original.size == octets.size(), "of a file of ours nothing is undone");
  }
}

}  // namespace

/// The first octet says in what pieces a file is read; the rest is .mbsyncstate, a file's name, a location, a message.
void run(std::string_view octets) {
  Input input(octets);
  const std::size_t piece = 1U + input.octet();
  state(input.rest());
  file_name(input.rest());
  location(input.rest());
  undo(input.rest(), piece);
}

}  // namespace mailpipe::fuzz
