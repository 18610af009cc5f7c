#pragma once

#include "response_parser.hpp"
#include "wire_reader.hpp"

#include <mailpipe/error.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace mailpipe::imap {

/// What reader and parsers make of octets, one line for each thing that they tell.
class Transcript : public WireReader::Receiver {
 public:
  static std::string of(std::string_view octets) { return of(octets, octets.size()); }

  /// Fed so many octets at a time;
  static std::string of(std::string_view octets, std::size_t piece) {
    Transcript transcript;
    try {
      for (std::size_t at = 0; at < octets.size(); at += piece) {
        transcript.reader_.feed(octets.substr(at, piece));
      }
    } catch (const Error& error) {
      transcript.say("LOST: " + std::string(error.what()));
    }
    return transcript.text_;
  }

  /// Fed in two pieces.
  static std::string split(std::string_view octets, std::size_t at) {
    Transcript transcript;
    try {
      transcript.reader_.feed(octets.substr(0, at));
      transcript.reader_.feed(octets.substr(at));
    } catch (const Error& error) {
      transcript.say("LOST: " + std::string(error.what()));
    }
    return transcript.text_;
  }

  std::unique_ptr<BodyTarget> body(std::uint32_t uid, std::uint64_t octets) override;
  void response(std::string_view text, UidSet listed) override;
  void unreadable(const Error& why) override;

 private:
  struct Target;

  void say(const std::string& line) { text_ += line + "\n"; }

  WireReader reader_{*this, "x"};
  ResponseParser parser_;
  std::string text_;
};

}  // namespace mailpipe::imap
