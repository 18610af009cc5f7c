#include "author.hpp"
#include "fuzz/target.hpp"
#include "header_text.hpp"
#include "spool/message_id.hpp"

#include <mailpipe/testing/message.hpp>

#include <algorithm>

namespace mailpipe::fuzz {

namespace {

/// The decoder's own promise: what names and logs do with controls is their business.
void hold_text(const std::string& text) {
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t length = mailpipe::detail::decode_utf8(rest).length;
    hold(length != 0, "decoded text is UTF-8");
    rest.remove_prefix(length);
  }
  hold(text.find_first_of(std::string_view("\r\n\t\0", 4)) == std::string::npos,
       "decoded text is one line");
}

}  // namespace

/// A message; the first octet says in what pieces it comes.
void run(std::string_view octets) {
  Input input(octets);
  const std::size_t piece = 1U + input.octet();
  test::Message message;
  message.octets = input.rest();

  const std::string head = header_section(message.body());
  hold(message.octets.starts_with(head), "the header section is where a message begins");
  for (const char* name : {"subject", "from", "message-id", "list-id"}) {
    if (const auto raw = find_header(head, name)) {
      hold(raw->find('\n') == std::string::npos, "a field is unfolded");
      hold_text(decode_header_text(*raw));
      const Author author = read_author(*raw);
      hold_text(author.name);
      hold_text(author.address);
    }
  }
  hold_text(decode_header_text(head));
  hold_text(subject_of(message.body()));

  spool::MessageIdScan whole;
  spool::MessageIdScan pieces;
  whole.add(message.octets);
  for (std::size_t at = 0; at < message.octets.size(); at += piece) {
    pieces.add(std::string_view(message.octets).substr(at, piece));
  }
  hold(whole.hash() == pieces.hash(), "a message's id does not depend on pieces");
}

}  // namespace mailpipe::fuzz
