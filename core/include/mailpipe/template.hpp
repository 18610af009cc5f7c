#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mailpipe {

/// A field that a template may name.
struct TemplateField {
  enum class Kind { Text, Time };

  std::string name;
  Kind kind = Kind::Text;
  std::string refused;  ///< why it exists but cannot be used in this template, or empty
};

/// What one option's templates may contain.
struct TemplateRules {
  std::vector<TemplateField> fields;
  bool groups = false;  ///< \0 to \9 stand for what a regular expression found, \\ for a backslash
};

/// What is done to a text field, in this order: words or slug, lower or upper, characters, octets.
struct TextFormat {
  bool words = false, slug = false, lower = false, upper = false;
  std::optional<std::size_t> characters, octets;  ///< at most so many are kept

  friend bool operator==(const TextFormat&, const TextFormat&) = default;
};

/// A piece of a template: a literal, a field or a group.
struct TemplatePart {
  std::string literal;  ///< when there is neither field nor group
  std::string field;
  std::optional<int> group;
  std::string time_format;  ///< of a time field: %Y and so on, never empty
  TextFormat text_format;   ///< of a text field
  std::size_t offset = 0;   ///< where it stands, in octets
};

/// What is wrong in a template, and where.
struct TemplateProblem {
  enum class Kind { Syntax, UnknownField, Format };

  Kind kind = Kind::Syntax;
  std::size_t offset = 0, length = 1;   ///< octets
  std::string message;                  ///< one line; may hold pieces of the template
  std::string word;                     ///< perhaps misspelt, or empty
  std::vector<std::string> candidates;  ///< what may have been meant by it
  std::string help;
};

struct ParsedTemplate {
  std::vector<TemplatePart> parts;
  std::vector<TemplateProblem> problems;  ///< when there are any, parts must not be used
};

/// The conversions that a time format may have. English names, digits; nothing depends on a locale.
inline constexpr std::string_view kTimeConversions = "YymdjFHMSzGVuabs%";
inline constexpr std::string_view kDefaultTimeFormat = "%Y%m%d_%H%M%S";
inline constexpr std::size_t kWidestField = 1000;

/// The template language of options with `x-mp-format: template`: parse_template() is what `lint` checks with and what a
/// plugin reads its option with.
///
///   template = *( literal / "{{" / "}}" / "{" field [ ":" format ] "}" )
///   format   = time / text *( "," text )
///   time     = literals and %Y %y %m %d %j %F %H %M %S %z %G %V %u %a %b %s %%   ; of a time field
///   text     = "words" / "slug" / "lower" / "upper" / width / width "b"            ; of a text field
///
/// Life cycle  One parse a template; nothing is kept.
/// Threads     Any.
/// Errors      None are thrown: problems come back, with the octets that they are about. A plugin gets only what lint
///             let pass, and may take one that is left as Error(Config).
class TemplateParser {
 public:
  TemplateParser(std::string_view text, const TemplateRules& rules) : text_(text), rules_(rules) {}

  ParsedTemplate parse() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if ((c == '{' || c == '}') && text_.substr(at_ + 1, 1) == text_.substr(at_, 1)) {
        literal(c, 2);
      } else if (c == '{') {
        field();
      } else if (c == '}') {
        problem(TemplateProblem::Kind::Syntax, at_, 1, "'}' without a '{' before it",
                "write }} for the character itself");
        ++at_;
      } else if (c == '\\' && rules_.groups) {
        group();
      } else {
        literal(c, 1);
      }
    }
    return std::move(out_);
  }

 private:
  using Kind = TemplateProblem::Kind;

  void literal(char c, std::size_t octets) {
    const bool goes_on = !out_.parts.empty() && !out_.parts.back().literal.empty();
    if (!goes_on) {
      out_.parts.emplace_back().offset = at_;
    }
    out_.parts.back().literal += c;
    at_ += octets;
  }

  void group() {
    const char next = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
    if (next == '\\') {
      literal('\\', 2);
      return;
    }
    if (next < '0' || next > '9') {
      problem(Kind::Syntax, at_, 1, "'\\' that no digit follows",
              "\\0 to \\9 stand for what was found; write \\\\ for the character itself");
      ++at_;
      return;
    }
    TemplatePart& part = out_.parts.emplace_back();
    part.group = next - '0';
    part.offset = at_;
    at_ += 2;
  }

  /// {name} or {name:format}.
  void field() {
    const std::size_t begin = at_;
    const std::size_t end = text_.find_first_of("{}", begin + 1);
    if (end == std::string_view::npos || text_[end] == '{') {
      problem(Kind::Syntax, begin, 1, "'{' that is not closed",
              "write {{ for the character itself");
      at_ = end == std::string_view::npos ? text_.size() : end;
      return;
    }
    at_ = end + 1;
    const std::string_view inner = text_.substr(begin + 1, end - begin - 1);
    const std::size_t colon = std::min(inner.find(':'), inner.size());
    const TemplateField* known = find_field(inner.substr(0, colon), begin + 1);
    if (known == nullptr) {
      return;
    }
    TemplatePart part;
    part.field = known->name;
    part.offset = begin;
    const bool plain = colon == inner.size();
    const std::string_view format = plain ? std::string_view() : inner.substr(colon + 1);
    if (!plain && format.empty()) {
      problem(Kind::Format, begin + 1 + colon, 1, "a format must follow the ':'",
              "leave the ':' out if there is none");
    } else if (known->kind == TemplateField::Kind::Time) {
      part.time_format = plain ? kDefaultTimeFormat : time_format(format, begin + 2 + colon);
    } else if (!plain) {
      part.text_format = text_format(format, begin + 2 + colon);
    }
    out_.parts.push_back(std::move(part));
  }

  const TemplateField* find_field(std::string_view name, std::size_t offset) {
    const auto found = std::find_if(rules_.fields.begin(), rules_.fields.end(),
                                    [&](const TemplateField& one) { return one.name == name; });
    if (name.empty()) {
      problem(Kind::Syntax, offset - 1, 2, "'{' that no field follows", known_fields());
      return nullptr;
    }
    if (found == rules_.fields.end()) {
      problem(Kind::UnknownField, offset, name.size(), "unknown field '" + std::string(name) + "'",
              known_fields());
      out_.problems.back().word = name;
      for (const TemplateField& one : rules_.fields) {
        if (one.refused.empty()) {
          out_.problems.back().candidates.push_back(one.name);
        }
      }
      return nullptr;
    }
    if (!found->refused.empty()) {
      problem(Kind::UnknownField, offset, name.size(),
              "field '" + std::string(name) + "' cannot be used here: " + found->refused,
              known_fields());
      return nullptr;
    }
    return &*found;
  }

  std::string known_fields() const {
    std::string out;
    for (const TemplateField& one : rules_.fields) {
      if (one.refused.empty()) {
        out += (out.empty() ? "the fields are " : ", ") + one.name;
      }
    }
    return out;
  }

  std::string time_format(std::string_view format, std::size_t offset) {
    if (format.find('%') == std::string_view::npos) {
      problem(Kind::Format, offset, format.size(),
              "a time takes a format like %Y-%m-%d, got '" + std::string(format) + "'", times());
    }
    for (std::size_t i = 0; i < format.size(); ++i) {
      if (format[i] != '%') {
        continue;
      }
      const bool known =
          i + 1 < format.size() && kTimeConversions.find(format[i + 1]) != std::string_view::npos;
      if (!known) {
        const std::size_t length = character_end(format, i + 1) - i;
        problem(Kind::Format, offset + i, length,
                "unknown conversion '" + std::string(format.substr(i, length)) + "' of a time",
                times());
      }
      ++i;
    }
    return std::string(format);
  }

  static std::string times() {
    std::string out = "there are";
    for (const char c : kTimeConversions) {
      out.append(" %").push_back(c);
    }
    return out;
  }

  TextFormat text_format(std::string_view format, std::size_t offset) {
    TextFormat out;
    for (std::size_t at = 0; at <= format.size();) {
      const std::size_t end = std::min(format.find(',', at), format.size());
      one_text_format(format.substr(at, end - at), offset + at, out);
      at = end + 1;
    }
    return out;
  }

  void one_text_format(std::string_view word, std::size_t offset, TextFormat& out) {
    const auto set = [&](bool& flag, bool other) {
      if (flag || other) {
        problem(Kind::Format, offset, word.size(),
                other ? "words or slug, lower or upper: not both"
                      : "'" + std::string(word) + "' stands here twice");
      }
      flag = true;
    };
    if (word == "words") {
      set(out.words, out.slug);
    } else if (word == "slug") {
      set(out.slug, out.words);
    } else if (word == "lower") {
      set(out.lower, out.upper);
    } else if (word == "upper") {
      set(out.upper, out.lower);
    } else if (!word.empty() && word.front() >= '0' && word.front() <= '9') {
      width(word, offset, out);
    } else {
      problem(Kind::Format, offset, std::max<std::size_t>(word.size(), 1),
              "unknown format '" + std::string(word) + "'",
              "there are words, slug, lower, upper, a width in characters (50) and one in bytes "
              "(50b)");
      out_.problems.back().word = word;
      out_.problems.back().candidates = {"words", "slug", "lower", "upper"};
    }
  }

  void width(std::string_view word, std::size_t offset, TextFormat& out) {
    const std::string_view digits = word.substr(0, word.find_first_not_of("0123456789"));
    const std::string_view unit = word.substr(digits.size());
    std::size_t value = 0;
    for (const char digit : digits) {
      value = std::min(value * 10 + static_cast<std::size_t>(digit - '0'), kWidestField + 1);
    }
    std::optional<std::size_t>& slot = unit.empty() ? out.characters : out.octets;
    if (!unit.empty() && unit != "b") {
      problem(Kind::Format, offset, word.size(), "unknown format '" + std::string(word) + "'",
              "a width is characters (50) or bytes (50b)");
    } else if (value < 1 || value > kWidestField) {
      problem(Kind::Format, offset, word.size(), "a width is from 1 to 1000");
    } else if (slot) {
      problem(Kind::Format, offset, word.size(), "a second width of the same kind");
    }
    slot = value;
  }

  /// Where the character that begins at `at` ends, as far as UTF-8 tells.
  static std::size_t character_end(std::string_view text, std::size_t at) {
    at = std::min(at + 1, text.size());
    while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U) {
      ++at;
    }
    return at;
  }

  void problem(Kind kind, std::size_t offset, std::size_t length, std::string message,
               std::string help = {}) {
    TemplateProblem& one = out_.problems.emplace_back();
    one.kind = kind;
    one.offset = offset;
    one.length = length;
    one.message = std::move(message);
    one.help = std::move(help);
  }

  std::string_view text_;
  const TemplateRules& rules_;
  std::size_t at_ = 0;
  ParsedTemplate out_;
};

inline ParsedTemplate parse_template(std::string_view text, const TemplateRules& rules) {
  return TemplateParser(text, rules).parse();
}

}  // namespace mailpipe
