#include "cursor.hpp"
#include "fuzz/target.hpp"
#include "keywords.hpp"
#include "mailbox_name.hpp"
#include "response_code.hpp"
#include "uid_set.hpp"

#include <algorithm>

namespace mailpipe::fuzz {

namespace {

using imap::UidSet;

void hold_ordered(const UidSet& set) {
  std::uint64_t before = 0;
  bool first = true;
  for (const UidSet::Range& range : set.ranges()) {
    hold(range.first != 0 && range.first <= range.last, "a run of UIDs is one");
    hold(first || range.first > before + 1, "runs neither touch nor overlap");
    before = range.last;
    first = false;
  }
}

void uid_sets(Input input) {
  const auto a = UidSet::parse(input.part());
  const auto b = UidSet::parse(input.part());
  if (a) {
    hold_ordered(*a);
    hold(a->empty() || UidSet::parse(a->text()) == a, "a set is what its text says");
  }
  if (!a || !b) {
    return;
  }
  const UidSet rest = a->without(*b);
  const UidSet both = a->common(*b);
  UidSet again = rest;
  again.add(both);
  hold_ordered(rest);
  hold_ordered(both);
  hold(again == *a && rest.count() + both.count() == a->count(),
       "what is in the other and what is not make the whole");
  UidSet removed = *a;
  removed.remove(*b);
  hold(removed == rest, "remove() leaves without()");
}

void cursor(std::string_view text) {
  const auto read_one = imap::MailboxCursor::from_text(std::string(text));
  if (read_one) {
    hold(imap::MailboxCursor::from_text(read_one->to_text()) == read_one,
         "a cursor is what its text says");
  }
}

void mailbox_name(Input input) {
  const unsigned separator = input.octet();
  const std::string prefix = input.part();
  const auto path = imap::path_of(
      input.rest(), separator == '0' ? std::nullopt : std::optional(static_cast<char>(separator)),
      prefix);
  hold(!path.empty(), "a name has a path");
  imap::label_of(path);
  imap::role_of_habit(path);
  imap::role_of_attribute(input.rest());
  imap::is_inbox(input.rest());
}

void keywords(std::string_view text) {
  const auto words = imap::keywords_of(split(text, ' '));
  hold(std::is_sorted(words.begin(), words.end()) &&
           std::adjacent_find(words.begin(), words.end()) == words.end(),
       "keywords are sorted, each once");
}

}  // namespace

/// The first octet says which reader the rest is for.
void run(std::string_view octets) {
  Input input(octets);
  switch (input.octet()) {
    case 'u':
      return uid_sets(input);
    case 'c':
      return cursor(input.rest());
    case 'n':
      return mailbox_name(input);
    case 'k':
      return keywords(input.rest());
    default:
      return read([&] { imap::check_code(imap::read_code(input.rest()).code); });
  }
}

}  // namespace mailpipe::fuzz
