#include "command_queue.hpp"

#include "errors.hpp"

#include <mailpipe/error.hpp>

#include <algorithm>

namespace mailpipe::imap {

namespace {

constexpr std::size_t kSmallLiteral = 4096;  // RFC 7888 section 5
constexpr std::size_t kLongestQuoted = 1000;
constexpr std::size_t kWriteAhead = 64U * 1024U;

bool can_be_quoted(std::string_view text) {
  return text.size() <= kLongestQuoted &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
    }
    out += c;
  }
  return out + '"';
}

/// The command's octets, cut where the server must say "+".
class Writer {
 public:
  Writer(const std::string& tag, Literals literals) : literals_(literals) {
    chunks_.push_back(tag + " ");
  }

  void part(const Command::Part& part) {
    if (part.octets.find('\0') != std::string::npos) {
      throw Error(ErrorClass::Item, "a name with a NUL cannot be sent");
    }
    if (part.kind == Command::Part::Kind::Text) {
      if (part.octets.find_first_of("\r\n") != std::string::npos) {
        throw Error(ErrorClass::Internal, "a command has a line break");
      }
      chunks_.back() += part.octets;
      return;
    }
    chunks_.back() += ' ';
    if (can_be_quoted(part.octets)) {
      chunks_.back() += quoted(part.octets);
    } else {
      literal(part.octets);
    }
  }

  std::deque<std::string> end() && {
    chunks_.back() += "\r\n";
    return std::move(chunks_);
  }

 private:
  void literal(const std::string& octets) {
    const bool at_once = literals_ == Literals::All ||
                         (literals_ == Literals::Small && octets.size() <= kSmallLiteral);
    chunks_.back() += "{" + std::to_string(octets.size()) + (at_once ? "+}\r\n" : "}\r\n");
    if (!at_once) {
      chunks_.emplace_back();
    }
    chunks_.back() += octets;
  }

  Literals literals_;
  std::deque<std::string> chunks_;
};

}  // namespace

void CommandQueue::push(const Command& command, std::shared_ptr<Answer> answer, Literals literals,
                        Responder responder) {
  Entry entry;
  entry.tag = "M" + std::to_string(++count_);
  Writer writer(entry.tag, literals);
  for (const Command::Part& part : command.parts()) {
    writer.part(part);
  }
  entry.chunks = std::move(writer).end();
  for (const std::string& chunk : entry.chunks) {
    entry.octets += chunk.size();
  }
  entry.opens = command.parts().front().octets == "EXAMINE";
  entry.answer = std::move(answer);
  entry.responder = std::move(responder);
  octets_ += entry.octets;
  entries_.push_back(std::move(entry));
}

std::string_view CommandQueue::to_write() {
  while (!waits_ && next_ < entries_.size() && out_.size() - out_from_ < kWriteAhead) {
    Entry& entry = entries_[next_];
    out_ += entry.chunks.front();
    entry.chunks.pop_front();
    // AUTHENTICATE owns the connection until its end.
    waits_ = !entry.chunks.empty() || entry.responder;
    next_ += waits_ ? 0 : 1;
  }
  return std::string_view(out_).substr(out_from_);
}

void CommandQueue::written(std::size_t octets) {
  out_from_ += octets;
  if (out_from_ == out_.size()) {
    out_.clear();
    out_from_ = 0;
  } else if (out_from_ > kWriteAhead) {
    out_.erase(0, out_from_);
    out_from_ = 0;
  }
}

bool CommandQueue::go_on(std::string_view text) {
  if (!waits_ || out_from_ < out_.size()) {
    return false;
  }
  Entry& entry = entries_[next_];
  if (!entry.chunks.empty()) {
    waits_ = false;
    return true;
  }
  out_ += entry.responder(text) + "\r\n";
  return true;
}

const CommandQueue::Entry* CommandQueue::oldest() const noexcept {
  return entries_.empty() ? nullptr : &entries_.front();
}

CommandQueue::Entry CommandQueue::take(std::string_view tag) {
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const Entry& entry) { return entry.tag == tag; });
  const auto at = static_cast<std::size_t>(found - entries_.begin());
  if (found == entries_.end() || at > next_ || (at == next_ && !waits_)) {
    throw Error(ErrorClass::Transient, "the server answers a command that it was not given",
                kLaterHint);
  }
  if (found->opens && at != 0) {
    throw Error(ErrorClass::Transient,
                "the server opens a mailbox and has not answered what was asked before",
                kLaterHint);
  }
  if (at == next_) {
    waits_ = false;  // refused before its literal; the rest of it is not sent
  } else {
    --next_;
  }
  Entry entry = std::move(*found);
  entries_.erase(found);
  octets_ -= entry.octets;
  return entry;
}

}  // namespace mailpipe::imap
