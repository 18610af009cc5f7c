#include "fuzz/target.hpp"

#include <algorithm>

namespace mailpipe::fuzz {

/// The first octet is the limit.
void run(std::string_view octets) {
  Input input(octets);
  const std::size_t limit = input.octet();
  const std::string cut = printable(input.rest(), limit);
  const std::string whole = printable(input.rest(), 10 * octets.size());
  for (const std::string& out : {cut, whole}) {
    hold(std::none_of(out.begin(), out.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }),
         "no control character gets through");
    hold(is_printable(out), "the gate leaves its own output alone, and it is UTF-8");
  }
  hold(cut.size() <= limit + 3, "what is printable is no longer than the limit");
  hold(cut == whole || (cut.ends_with("...") && whole.starts_with(cut.substr(0, cut.size() - 3))),
       "what is cut is a beginning");
}

}  // namespace mailpipe::fuzz
