#include "support/sample_mail.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <ctime>
#include <random>

namespace mailpipe::testing {
namespace {

constexpr std::size_t kLine = 72;  // octets of every line of the text, CRLF included
constexpr std::size_t kLines = 16384;

/// A megabyte of words, of which every body is a piece: making each body by itself would take longer than storing it.
const std::string& words() {
  static const std::string text = [] {
    std::mt19937 random(20240229);
    std::string made;
    made.reserve(kLine * kLines);
    for (std::size_t line = 0; line < kLines; ++line) {
      for (std::size_t column = 0; column < kLine - 2; ++column) {
        const auto letter = static_cast<char>('a' + random() % 26);
        made += column != 0 && random() % 6 == 0 ? ' ' : letter;
      }
      made += "\r\n";
    }
    return made;
  }();
  return text;
}

void append_text(std::string& message, std::uint64_t octets, std::size_t first_line) {
  std::size_t line = first_line % kLines;
  for (std::uint64_t left = octets / kLine + 1; left > 0;) {
    const std::uint64_t count = std::min<std::uint64_t>(left, kLines - line);
    message.append(words(), line * kLine, count * kLine);
    left -= count;
    line = 0;
  }
}

std::string subject_of(std::size_t index) {
  const std::string number = std::to_string(index);
  switch (index % 10) {
    case 0:
      return "=?utf-8?B?R3LDvMOfZSBhdXMgS8O2bG4=?= " + number;
    case 1:
      return "=?iso-8859-1?Q?Caf=E9_cr=E8me?= " + number;
    case 2:
      return "Gr\xC3\xBC\xC3\x9F Gott, \xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E " +
             number;  // raw UTF-8
    case 3:
      return "Caf\xE9 in Latin-1 " + number;  // raw, and not UTF-8
    case 4:
      return "../../etc/passwd: a/b\\c " + number;
    case 5:
      return "";
    case 6:
      return "A subject that goes on\r\n and is folded, since nobody could read it otherwise, " +
             number + ", and then some more";
    default:
      return "Re: minutes of meeting " + number;
  }
}

std::vector<std::string> flags_of(std::size_t index) {
  struct Rule {
    std::size_t every;
    const char* flag;
  };

  constexpr std::array<Rule, 10> kRules = {{{2, "\\Seen"},
                                            {7, "\\Flagged"},
                                            {5, "\\Answered"},
                                            {97, "\\Draft"},
                                            {31, "$Forwarded"},
                                            {61, "$Junk"},
                                            {67, "$NotJunk"},
                                            {71, "$Phishing"},
                                            {73, "$MDNSent"},
                                            {11, "work"}}};
  std::vector<std::string> flags;
  for (const Rule& rule : kRules) {
    if (index % rule.every == 0) {
      flags.emplace_back(rule.flag);
    }
  }
  return flags;
}

std::string header_date(std::int64_t instant) {
  const std::time_t seconds = instant;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 64> text{};
  return {text.data(),
          std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S +0000", &parts)};
}

/// Not std::lognormal_distribution, whose result the standard leaves open.
std::uint64_t size_of(std::mt19937& random) {
  constexpr double kMedian = 6144;
  constexpr double kSpread = 1.2;
  const double one = (static_cast<double>(random()) + 1) / 4294967297.0;
  const double two = (static_cast<double>(random()) + 1) / 4294967297.0;
  const double normal = std::sqrt(-2 * std::log(one)) * std::cos(6.283185307179586 * two);
  return static_cast<std::uint64_t>(std::min(kMedian * std::exp(kSpread * normal), 2e6));
}

SampleMail make(std::uint32_t seed, std::size_t index, std::uint64_t octets, std::mt19937& random) {
  constexpr std::int64_t kFirst = 1420070400;  // 2015-01-01
  constexpr std::int64_t kStep = 30000;        // about ten years for 10,000
  SampleMail mail;
  mail.received_at = kFirst + static_cast<std::int64_t>(index) * kStep +
                     static_cast<std::int64_t>(random() % kStep);
  mail.flags = flags_of(index);
  const std::string id = std::to_string(seed) + "." + std::to_string(index) + "@example.org";
  mail.message.reserve(octets + 1024);
  mail.message +=
      "Return-Path: <sender@example.org>\r\nReceived: from a.example.org by b.example.org; " +
      header_date(mail.received_at) + "\r\nFrom: \"M\xC3\xBCller, J.\" <sender" +
      std::to_string(random() % 50) +
      "@example.org>\r\nTo: someone@example.org\r\nSubject: " + subject_of(index) +
      "\r\nDate: " + header_date(mail.received_at) + "\r\nMessage-ID: <" + id +
      ">\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
      "Content-Transfer-Encoding: 8bit\r\n\r\n";
  if (index % 13 == 0) {
    mail.message += ".\r\n..dots\r\nFrom the start of a line\r\n>From another, \xC3\xA4\xFF\r\n";
  }
  append_text(mail.message, octets, random());
  return mail;
}

}  // namespace

SampleMail make_sample(std::uint32_t seed, std::size_t index) {
  std::mt19937 random(seed * 2654435761U + static_cast<std::uint32_t>(index));
  const std::uint64_t octets = size_of(random);
  return make(seed, index, octets, random);
}

SampleMail make_large_sample(std::uint32_t seed, std::uint64_t octets) {
  std::mt19937 random(seed);
  constexpr std::size_t kIndex = 9999999;  // of no other sample, and still a date of this century
  SampleMail mail = make(seed, kIndex % 10007, octets, random);
  mail.message.insert(0, "X-Large: yes\r\n");
  return mail;
}

}  // namespace mailpipe::testing
