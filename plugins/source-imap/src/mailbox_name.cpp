#include "mailbox_name.hpp"

#include "modified_utf7.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

namespace mailpipe::imap {

namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  });
  return out;
}

}  // namespace

bool is_inbox(std::string_view raw) noexcept {
  constexpr std::string_view kInbox = "inbox";
  return raw.size() == kInbox.size() &&
         std::equal(raw.begin(), raw.end(), kInbox.begin(), [](char a, char b) {
           return (static_cast<unsigned char>(a) | 0x20U) == static_cast<unsigned char>(b);
         });
}

std::string folded(std::string_view raw) {
  return std::string(is_inbox(raw) ? "INBOX" : raw);
}

std::vector<std::string> path_of(std::string_view raw, std::optional<char> separator,
                                 std::string_view prefix) {
  if (is_inbox(raw)) {
    return {"INBOX"};
  }
  if (!prefix.empty() && raw.size() > prefix.size() && raw.starts_with(prefix) &&
      !is_inbox(raw.substr(prefix.size()))) {
    raw.remove_prefix(prefix.size());
  }
  std::vector<std::string> path;
  for (bool more = true; more;) {
    const std::size_t end = separator ? raw.find(*separator) : std::string_view::npos;
    more = end != std::string_view::npos;
    const std::string_view component = raw.substr(0, end);
    raw.remove_prefix(more ? end + 1 : raw.size());
    if (more || !component.empty() || path.empty()) {  // "a/" is "a"
      path.push_back(decode_utf7(component).value_or(std::string(component)));
    }
  }
  return path;
}

std::string label_of(const std::vector<std::string>& path) {
  std::string label;
  for (const std::string& component : path) {
    label += (label.empty() ? "" : "/") + component;
  }
  return label;
}

std::string role_of_attribute(std::string_view attribute) {
  static constexpr std::string_view kRoles[] = {"all",       "archive", "drafts", "flagged",
                                                "important", "junk",    "sent",   "trash"};
  if (attribute.empty() || attribute.front() != '\\') {
    return {};
  }
  const std::string word = lower(attribute.substr(1));
  return std::find(std::begin(kRoles), std::end(kRoles), word) == std::end(kRoles) ? std::string()
                                                                                   : word;
}

std::string role_of_habit(const std::vector<std::string>& path) {
  using Pair = std::pair<std::string_view, std::string_view>;
  static constexpr auto kHabits = std::to_array<Pair>({{"archive", "archive"},
                                                       {"archives", "archive"},
                                                       {"drafts", "drafts"},
                                                       {"draft", "drafts"},
                                                       {"sent", "sent"},
                                                       {"sent items", "sent"},
                                                       {"sent messages", "sent"},
                                                       {"sent mail", "sent"},
                                                       {"trash", "trash"},
                                                       {"deleted items", "trash"},
                                                       {"deleted messages", "trash"},
                                                       {"junk", "junk"},
                                                       {"junk e-mail", "junk"},
                                                       {"junk email", "junk"},
                                                       {"bulk mail", "junk"},
                                                       {"spam", "junk"}});
  if (path.size() != 1) {
    return {};
  }
  const std::string word = lower(path.front());
  const auto* const found = std::find_if(kHabits.begin(), kHabits.end(),
                                         [&](const Pair& habit) { return habit.first == word; });
  return found == kHabits.end() ? std::string() : std::string(found->second);
}

}  // namespace mailpipe::imap
