#include "wire_reader.hpp"

#include "errors.hpp"
#include "fetch_row.hpp"
#include "tokenizer.hpp"

#include <algorithm>
#include <limits>
#include <optional>

namespace mailpipe::imap {

namespace {

constexpr std::size_t kLine = 64U * 1024U;
constexpr std::size_t kInline = 64U * 1024U;
constexpr std::size_t kDrainAt = 32U * 1024U;
constexpr std::size_t kMostLiterals = 1000;
constexpr unsigned kDeepest = 64;
constexpr std::uint64_t kMostSkipped = 16U * 1024U * 1024U;
constexpr std::uint64_t kMostListed = 256U * 1024U * 1024U;  ///< octets of one list of UIDs

/// Tagged and "+" lines, and OK, NO, BAD, BYE and PREAUTH, end in words for people, in which braces and quotes mean nothing.
bool is_words(std::string_view line) {
  if (line.rfind("* ", 0) != 0) {
    return true;
  }
  const std::string word =
      upper(line.substr(2, std::min<std::size_t>(line.find_first_of(" \r\n", 2), 16) - 2));
  return word == "OK" || word == "NO" || word == "BAD" || word == "BYE" || word == "PREAUTH";
}

std::string_view without_end(std::string_view line) {
  for (const char c : {'\n', '\r'}) {
    if (!line.empty() && line.back() == c) {
      line.remove_suffix(1);
    }
  }
  return line;
}

/// The braces at the end of a line: what is in them, and where they begin (with the ~ of a literal8).
struct Announcement {
  std::string_view size;
  std::size_t at;
};

std::optional<Announcement> announcement(std::string_view line) {
  line = without_end(line);
  if (line.empty() || line.back() != '}') {
    return std::nullopt;
  }
  const std::size_t brace = line.rfind('{');
  if (brace == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view size = line.substr(brace + 1, line.size() - brace - 2);
  const bool tilde = brace > 0 && line[brace - 1] == '~';
  return Announcement{size, tilde ? brace - 1 : brace};
}

}  // namespace

void WireReader::lost_step(const char* why) const {
  throw Error(ErrorClass::Transient, where_ + ": the server's answer cannot be followed: " + why,
              kLaterHint);
}

std::uint64_t WireReader::size_of(std::string_view text) const {
  std::uint64_t octets = 0;
  if (text.empty() || text.size() > 10 ||
      text.find_first_not_of("0123456789") != std::string_view::npos) {
    lost_step("the size of a literal is no number");
  }
  for (const char digit : text) {
    octets = octets * 10 + static_cast<std::uint64_t>(digit - '0');
  }
  if (octets > std::numeric_limits<std::uint32_t>::max()) {
    lost_step("a literal is larger than a literal may be");
  }
  return octets;
}

void WireReader::feed(std::string_view octets) {
  while (!octets.empty()) {
    octets.remove_prefix(literal_left_ > 0 ? feed_literal(octets) : feed_line(octets));
  }
}

std::size_t WireReader::feed_literal(std::string_view octets) {
  octets = octets.substr(
      0, static_cast<std::size_t>(std::min<std::uint64_t>(octets.size(), literal_left_)));
  if (literal_ == Literal::Body && target_) {
    target_->write(octets);
  } else if (literal_ == Literal::Inline) {
    if (octets.find('\0') != std::string_view::npos) {
      spoil("it has a NUL");
    }
    text_ += octets;
    scanned_ = text_.size();
  }
  literal_left_ -= octets.size();
  if (literal_left_ == 0) {
    end_of_literal();
  }
  return octets.size();
}

void WireReader::end_of_literal() {
  if (literal_ == Literal::Skipped) {
    keep_nothing();
  }
  line_from_ = text_.size();
  if (literal_ == Literal::Body && target_) {
    const std::unique_ptr<BodyTarget> target = std::move(target_);
    target->done();
  }
}

std::size_t WireReader::feed_line(std::string_view octets) {
  const std::size_t end = octets.find('\n');
  const std::size_t length = end == std::string_view::npos ? octets.size() : end + 1;
  text_ += octets.substr(0, length);
  if (text_.size() - inline_octets_ > kDrainAt) {
    shorten();
  }
  if (end != std::string_view::npos) {
    end_of_line();
  }
  return length;
}

/// Keeps the line bounded: takes the UIDs out of a list; of what is too long keeps only what may announce a literal.
void WireReader::shorten() {
  if (spoilt_.empty() && literals_ == 0 && LongList::is_one(text_)) {
    const std::size_t before = text_.size();
    try {
      list_.drain(text_);
    } catch (const Error& error) {
      spoil(error.what());
    }
    skipped_ += before - text_.size();
    if (skipped_ > kMostListed) {
      lost_step("a list of UIDs has no end");
    }
  }
  if (text_.size() - inline_octets_ > kLine) {
    spoil("it is longer than 64 KiB");
  }
  if (!spoilt_.empty() && text_.size() > 64) {
    const std::string tail = text_.substr(std::max(line_from_, text_.size() - 64));
    keep_nothing();
    text_ = tail;
    if (skipped_ > kMostSkipped + kMostListed) {
      lost_step("a response has no end");
    }
  }
}

void WireReader::end_of_line() {
  if (spoilt_.empty()) {
    if (literals_ == 0 && is_words(text_)) {
      return end_of_response();
    }
    scan();
  }
  const std::optional<Announcement> literal = quoted_ ? std::nullopt : announcement(line());
  if (!literal) {
    return end_of_response();
  }
  begin_literal(size_of(literal->size));
}

/// Of a response that will be unreadable anyway.
void WireReader::keep_nothing() {
  skipped_ += text_.size();
  text_.clear();
  scanned_ = inline_octets_ = line_from_ = 0;
}

/// Follows quotes and parentheses through what has come since the last time.
void WireReader::scan() {
  for (; scanned_ < text_.size(); ++scanned_) {
    const char c = text_[scanned_];
    if (c == '\0') {
      spoil("it has a NUL");
    }
    if (escaped_) {
      escaped_ = false;
    } else if (quoted_) {
      escaped_ = c == '\\';
      quoted_ = c != '"';
    } else if (c == '"') {
      quoted_ = true;
    } else if (c == '(' && ++depth_ > kDeepest) {
      spoil("it is nested too deeply");
    } else if (c == ')' && depth_ > 0) {
      --depth_;
    }
  }
}

void WireReader::begin_literal(std::uint64_t octets) {
  if (++literals_ > kMostLiterals) {
    spoil("it has too many literals");
  }
  const std::size_t at = line_from_ + announcement(line())->at;
  const auto body = spoilt_.empty() ? pending_body(std::string_view(text_).substr(0, at))
                                    : std::optional<std::uint32_t>();
  if (!body && spoilt_.empty() && inline_octets_ + octets > kInline) {
    spoil("a literal in it is longer than 64 KiB");
  }
  literal_left_ = octets;
  if (body) {
    // What the parsers find in the body's place.
    text_.resize(at);
    text_ += "{0}\r\n";
    scanned_ = text_.size();
    literal_ = Literal::Body;
    target_ = receiver_.body(*body, octets);
  } else if (spoilt_.empty()) {
    literal_ = Literal::Inline;
    inline_octets_ += octets;
  } else {
    literal_ = Literal::Skipped;
    skipped_ += octets;
  }
  if (octets == 0) {
    end_of_literal();
  }
}

void WireReader::end_of_response() {
  const std::string_view text = without_end(text_);
  if (spoilt_.empty() && text.find('\0') != std::string_view::npos) {
    spoil("it has a NUL");
  }
  if (!spoilt_.empty()) {
    const Error why = unreadable_error(spoilt_);
    forget();
    receiver_.unreadable(why);
    return;
  }
  if (!text.empty()) {  // some servers send empty lines
    const std::string kept(text);
    UidSet listed = list_.take();
    forget();
    receiver_.response(kept, std::move(listed));
    return;
  }
  forget();
}

void WireReader::spoil(const char* why) {
  if (spoilt_.empty()) {
    spoilt_ = why;
  }
}

void WireReader::forget() {
  text_.clear();
  spoilt_.clear();
  skipped_ = 0;
  scanned_ = inline_octets_ = literals_ = line_from_ = 0;
  depth_ = 0;
  quoted_ = escaped_ = false;
  list_ = LongList();
}

}  // namespace mailpipe::imap
