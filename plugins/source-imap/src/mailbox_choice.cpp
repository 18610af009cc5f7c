#include "mailbox_choice.hpp"

#include <mailpipe/printable.hpp>

#include <algorithm>
#include <optional>

namespace mailpipe::imap {

namespace {

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// "\Sent" is a role; "\*" is a glob for a star.
std::optional<std::string> role_in(std::string_view pattern) {
  if (pattern.size() < 2 || pattern.front() != '\\' ||
      !std::all_of(pattern.begin() + 1, pattern.end(), is_letter)) {
    return std::nullopt;
  }
  std::string role(pattern.substr(1));
  std::transform(role.begin(), role.end(), role.begin(),
                 [](char c) { return static_cast<char>(static_cast<unsigned char>(c) | 0x20U); });
  return role;
}

bool matches(const std::string& pattern, const Choosable& mailbox) {
  if (const auto role = role_in(pattern)) {
    return *role == mailbox.role;
  }
  return glob_matches(pattern, mailbox.label);
}

/// How much of the text the pattern's next character takes; 0: it does not match. Not for stars.
std::size_t step(std::string_view& pattern, std::string_view text) {
  if (text.empty()) {
    return 0;
  }
  if (pattern.front() == '?') {
    pattern.remove_prefix(1);
    const std::size_t length = detail::decode_utf8(text).length;
    return text.front() == '/' ? 0 : std::max<std::size_t>(length, 1);
  }
  if (pattern.front() == '\\' && pattern.size() > 1) {
    pattern.remove_prefix(1);
  }
  const bool same = pattern.front() == text.front();
  pattern.remove_prefix(1);
  return same ? 1 : 0;
}

}  // namespace

// Each star is tried at ever later places, and only the last one of each kind is gone back to: what an earlier one could
// give, a later one can take. A "%" that meets a "/" gives up to the star before it.
bool glob_matches(std::string_view pattern, std::string_view text) {
  struct Retry {
    bool set = false;
    std::string_view pattern, text;
  };

  Retry star;
  Retry percent;
  while (!text.empty() || !pattern.empty()) {
    if (!pattern.empty() && (pattern.front() == '*' || pattern.front() == '%')) {
      const bool any = pattern.front() == '*';
      pattern.remove_prefix(1);
      (any ? star : percent) = {true, pattern, text};
      percent.set = !any;
      continue;
    }
    const std::size_t taken = pattern.empty() ? 0 : step(pattern, text);
    if (taken != 0) {
      text.remove_prefix(taken);
      continue;
    }
    const bool can_grow = percent.set && !percent.text.empty() && percent.text.front() != '/';
    Retry& retry = can_grow ? percent : star;
    if (!can_grow && (!star.set || star.text.empty())) {
      return false;
    }
    percent.set = can_grow;
    retry.text.remove_prefix(1);
    pattern = retry.pattern;
    text = retry.text;
  }
  return true;
}

bool MailboxChoice::includes(const Choosable& mailbox) const {
  const auto any = [&](const std::vector<std::string>& patterns) {
    return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
      return matches(pattern, mailbox) &&
             (&patterns == &exclude_ || pattern.starts_with(mailbox.foreign));
    });
  };
  if ((subscribed_only_ && !mailbox.subscribed) || any(exclude_)) {
    return false;
  }
  return include_.empty() ? mailbox.foreign.empty() : any(include_);
}

}  // namespace mailpipe::imap
