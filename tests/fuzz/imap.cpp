#include "fuzz/target.hpp"
#include "unit/imap_transcript.hpp"

namespace mailpipe::fuzz {

/// The first octet says in what pieces the rest comes from the server.
void run(std::string_view octets) {
  Input input(octets);
  const std::size_t piece = 1U + input.octet();
  const std::string whole = imap::Transcript::of(input.rest());
  hold(imap::Transcript::of(input.rest(), piece) == whole,
       "what a server says does not depend on the pieces in which it comes");
}

}  // namespace mailpipe::fuzz
