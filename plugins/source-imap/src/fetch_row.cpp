#include "fetch_row.hpp"

#include "errors.hpp"
#include "etpan_adapter.hpp"
#include "tokenizer.hpp"

#include <mailpipe/error.hpp>

namespace mailpipe::imap {

namespace {

/// Stands before the first item.
Tokenizer enter(std::string_view text) {
  Tokenizer in(text);
  in.expect('*');
  in.skip_spaces();
  in.number32();
  in.skip_spaces();
  if (upper(in.atom()) != "FETCH") {
    throw unreadable_error("this is no FETCH response");
  }
  in.skip_spaces();
  in.expect('(');
  return in;
}

bool is_body(std::string_view name) {
  return name.rfind("BODY[", 0) == 0 || name.rfind("BINARY[", 0) == 0 || name == "RFC822" ||
         name == "RFC822.HEADER" || name == "RFC822.TEXT";
}

std::vector<std::string> read_labels(Tokenizer& in) {
  std::vector<std::string> labels;
  in.expect('(');
  for (in.skip_spaces(); !in.take(')'); in.skip_spaces()) {
    labels.push_back(in.astring());
  }
  return labels;
}

/// A flag list as it stands, for those that have octets which no flag may have ("a%b", "a{b").
std::vector<std::string> read_flags(Tokenizer in) {
  std::vector<std::string> flags;
  in.expect('(');
  for (in.skip_spaces(); !in.take(')'); in.skip_spaces()) {
    flags.emplace_back(in.atom());
  }
  return flags;
}

std::string in_parentheses(Tokenizer& in) {  // EMAILID (M1), RFC 8474
  if (!in.take('(')) {
    return in.nstring().value_or("");
  }
  in.skip_spaces();
  std::string id = in.astring();
  in.skip_spaces();
  in.expect(')');
  return id;
}

std::uint64_t read_modseq(Tokenizer& in) {
  in.expect('(');
  in.skip_spaces();
  const std::uint64_t value = in.number64();
  in.skip_spaces();
  in.expect(')');
  return value;
}

std::string digits(Tokenizer& in) {
  std::string text(in.atom());
  if (text.size() > 20 || text.find_first_not_of("0123456789") != std::string::npos) {
    throw unreadable_error("an id is no number");
  }
  return text;
}

class RowReader {
 public:
  explicit RowReader(EtpanAdapter& parser) : parser_(parser) {}

  FetchRow read(std::string_view text) {
    Tokenizer in = enter(text);
    for (in.skip_spaces(); !in.take(')'); in.skip_spaces()) {
      const std::string name = upper(in.item_name());
      in.skip_spaces();
      item(name, in);
    }
    if (!in.rest().empty() && in.rest().find_first_not_of(' ') != std::string_view::npos) {
      throw unreadable_error("something follows the items of a message");
    }
    flags_and_date();
    return std::move(row_);
  }

 private:
  void item(const std::string& name, Tokenizer& in) {
    FetchData& data = row_.data;
    if (name == "UID") {
      data.uid = in.number32();
      if (data.uid == 0) {
        throw unreadable_error("a UID is zero");
      }
    } else if (name == "FLAGS") {
      flags_ = value(in);
    } else if (name == "INTERNALDATE") {
      date_ = value(in);
    } else if (name == "RFC822.SIZE") {
      data.size = in.number64();
    } else if (name == "MODSEQ") {
      data.modseq = read_modseq(in);
    } else if (name == "EMAILID") {
      data.email_id = in_parentheses(in);
    } else if (name == "X-GUID") {
      // Dovecot, of a message that another session has just expunged: "X-GUID )".
      data.guid = in.peek() == ')' ? std::string() : in.nstring().value_or("");
    } else if (name == "X-GM-MSGID") {
      data.gm_msgid = digits(in);
    } else if (name == "X-GM-LABELS") {
      data.gm_labels = read_labels(in);
    } else if (is_body(name)) {
      body(in);
    } else {
      in.skip_value();
    }
  }

  static std::string_view value(Tokenizer& in) {
    const std::size_t from = in.position();
    in.skip_value();
    return in.since(from);
  }

  void body(Tokenizer& in) {
    const bool literal = in.peek() == '{';  // the reader's "{0}": given away
    std::optional<std::string> octets = in.nstring();
    if (!literal && octets) {
      row_.bodies.push_back(std::move(*octets));
    }
    row_.data.had_body = row_.data.had_body || octets.has_value();
  }

  void flags_and_date() {
    if (flags_.empty() && date_.empty()) {
      return;
    }
    if (!date_.empty() && upper(date_) != "NIL") {
      row_.data.internal_date = parser_.internal_date(date_);
    }
    if (!flags_.empty()) {
      row_.data.flags = parser_.flags(flags_);
      if (!row_.data.flags) {
        row_.data.flags = read_flags(Tokenizer(flags_));
      }
    }
  }

  EtpanAdapter& parser_;
  FetchRow row_;
  std::string_view flags_, date_;
};

}  // namespace

FetchRow read_fetch_row(std::string_view text, EtpanAdapter& parser) {
  return RowReader(parser).read(text);
}

std::optional<std::uint32_t> pending_body(std::string_view beginning) noexcept {
  try {
    Tokenizer in = enter(beginning);
    std::uint32_t uid = 0;
    while (true) {
      in.skip_spaces();
      const std::string name = upper(in.item_name());
      in.skip_spaces();
      if (in.at_end()) {
        return is_body(name) ? std::optional<std::uint32_t>(uid) : std::nullopt;
      }
      if (name == "UID") {
        uid = in.number32();
        if (uid == 0) {
          return std::nullopt;  // nobody's body
        }
      } else {
        in.skip_value();
      }
    }
  } catch (const Error&) {
    return std::
        nullopt;  // not a FETCH response, or one whose end is in the middle of another value
  }
}

}  // namespace mailpipe::imap
