#include "fuzz/target.hpp"
#include "location.hpp"
#include "mboxrd.hpp"
#include "postmark.hpp"

#include <mailpipe/testing/message.hpp>

namespace mailpipe::fuzz {

namespace {

template <class Coder>
std::string coded(std::string_view octets, mbox::Ends ends, std::size_t piece) {
  std::string out;
  Coder coder(ends, [&](std::string_view part) { out += part; });
  for (std::size_t at = 0; at < octets.size(); at += piece) {
    coder.add(octets.substr(at, piece));
  }
  coder.finish();
  return out;
}

void message(std::string_view octets, std::size_t piece) {
  test::Message one;
  one.octets = octets;
  const mbox::Ends ends = mbox::ends_of(one.body());
  const std::string text = coded<mbox::Encoder>(octets, ends, piece);
  hold(text == coded<mbox::Encoder>(octets, ends, octets.size() + 1),
       "what is written does not depend on pieces");
  hold(text.ends_with("\n\n") || text == "\n", "an empty line ends a message");
  hold(!text.starts_with(mbox::kPostmark) && text.find("\nFrom ") == std::string::npos,
       "no line of a message is a postmark");
  const std::string_view inner = std::string_view(text).substr(0, text.size() - 1);
  hold(coded<mbox::Decoder>(inner, ends, piece) == octets, "a message can be had back");

  const std::string line = mbox::postmark(one.body(), std::nullopt);
  hold(line.starts_with(mbox::kPostmark) && line.find('\n') == line.size() - 1,
       "a postmark is one line");
  hold(mbox::time_of(line) == std::chrono::sys_seconds{}, "a postmark tells its time");
}

void foreign(std::string_view octets, std::size_t piece) {
  for (const bool raw : {false, true}) {
    for (const bool cut : {false, true}) {
      const mbox::Ends ends{.raw = raw, .cut = cut};
      hold(coded<mbox::Decoder>(octets, ends, piece) ==
               coded<mbox::Decoder>(octets, ends, octets.size() + 1),
           "what is read does not depend on pieces");
    }
  }
  mbox::time_of(octets);
  if (const auto place = mbox::parse_location(octets)) {
    hold(mbox::parse_location(place->text()) == place, "a location is what its text says");
    for (const std::string& part : split(place->box, '/')) {
      hold(part != ".." && part != "." && !part.empty(), "no location leads out of the root");
    }
  }
  if (const auto token = mbox::parse_token(octets)) {
    hold(mbox::parse_token(token->text()) == token, "a token is what its text says");
  }
}

}  // namespace

/// The first octet says in what pieces the rest comes: a message, or what somebody wrote into an mbox.
void run(std::string_view octets) {
  Input input(octets);
  const std::size_t piece = 1U + input.octet();
  message(input.rest(), piece);
  foreign(input.rest(), piece);
}

}  // namespace mailpipe::fuzz
