#include "box_name.hpp"

#include "file_digest.hpp"
#include "file_name.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>

namespace mailpipe::mbox {
namespace {

constexpr std::string_view kChildren = ".sbd";
constexpr std::string_view kEmpty = "%65mpty";  // no other component: an "e" is never encoded
constexpr std::array<std::string_view, 3> kTaken = {kChildren, ".lock", ".msf"};
constexpr std::size_t kLongest = kLongestFileName - 16;  // for ".lock" and the like

bool equal_but_for_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
           return std::tolower(static_cast<unsigned char>(x)) ==
                  std::tolower(static_cast<unsigned char>(y));
         });
}

/// How much at the end of the name means something else; 0: nothing.
std::size_t taken_ending(std::string_view name) {
  for (const std::string_view ending : kTaken) {
    if (name.size() >= ending.size() &&
        equal_but_for_case(name.substr(name.size() - ending.size()), ending)) {
      return ending.size();
    }
  }
  return 0;
}

std::string short_hash(std::string_view text) {
  const Digest digest = digest_of(text);
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (std::size_t i = 0; i < 8; ++i) {
    out += kDigits[digest.at(i) >> 4];
    out += kDigits[digest.at(i) & 0xF];
  }
  return out;
}

std::string encode_component(const std::string& component) {
  if (component.empty()) {
    return std::string(kEmpty);
  }
  std::string name = encode_file_name(component, true);
  if (name.size() > kLongest) {
    name = fit_file_name("", component, "~" + short_hash(component), kLongest);
  }
  if (const std::size_t ending = taken_ending(name); ending > 0) {
    name.replace(name.size() - ending, 1, "%2E");
  }
  return name;
}

int hex(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

std::string decode_component(std::string_view name) {
  if (name == kEmpty) {
    return {};
  }
  std::string out;
  for (std::size_t at = 0; at < name.size(); ++at) {
    const bool escape =
        name[at] == '%' && at + 2 < name.size() && hex(name[at + 1]) >= 0 && hex(name[at + 2]) >= 0;
    out += escape ? static_cast<char>(hex(name[at + 1]) * 16 + hex(name[at + 2])) : name[at];
    at += escape ? 2 : 0;
  }
  return out;
}

template <class Function>
void for_each_part(std::string_view text, Function function) {
  for (;;) {
    const std::size_t slash = text.find('/');
    function(text.substr(0, slash), slash == std::string_view::npos);
    if (slash == std::string_view::npos) {
      return;
    }
    text.remove_prefix(slash + 1);
  }
}

}  // namespace

std::string box_name(const std::vector<std::string>& mailbox) {
  std::string out;
  for (std::size_t i = 0; i < mailbox.size(); ++i) {
    const bool inbox = i == 0 && equal_but_for_case(mailbox[i], "INBOX");
    out += inbox ? "INBOX" : encode_component(mailbox[i]);
    if (i + 1 < mailbox.size()) {
      out.append(kChildren).append("/");
    }
  }
  return out;
}

std::vector<std::string> mailbox_of(std::string_view box) {
  std::vector<std::string> out;
  for_each_part(box, [&](std::string_view part, bool last) {
    if (!last && part.ends_with(kChildren)) {
      part.remove_suffix(kChildren.size());
    }
    out.push_back(decode_component(part));
  });
  return out;
}

bool is_box_file(std::string_view name) {
  return !name.empty() && name.front() != '.' && taken_ending(name) == 0 &&
         name.find_first_of(std::string_view("/\0", 2)) == std::string_view::npos;
}

bool is_box_name(std::string_view text) {
  bool good = !text.empty();
  for_each_part(text, [&](std::string_view part, bool last) {
    good = good && (last ? is_box_file(part)
                         : part.ends_with(kChildren) && part.front() != '.' &&
                               part.find('\0') == std::string_view::npos);
  });
  return good;
}

}  // namespace mailpipe::mbox
