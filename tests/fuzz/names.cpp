#include "box_name.hpp"
#include "eml_name.hpp"
#include "file_name.hpp"
#include "fuzz/target.hpp"
#include "layout.hpp"
#include "modified_utf7.hpp"
#include "sidecar_text.hpp"

#include <mailpipe/testing/message.hpp>

#include <algorithm>

namespace mailpipe::fuzz {

namespace {

using Path = std::vector<std::string>;

constexpr char kComponents = '\x1e';  // between components of a path
constexpr char kPaths = '\x1d';       // between two paths

void hold_file_name(const std::string& name) {
  hold(!name.empty() && name.size() <= kLongestFileName, "a name is not empty, nor too long");
  hold(name != "." && name != "..", "a name leads nowhere");
  hold(name.find('/') == std::string::npos, "a name is one component");
  hold(is_printable(name), "a name is printable UTF-8");
}

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

std::string percent_decoded(std::string_view name) {
  std::string out;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const bool escape =
        name[i] == '%' && i + 2 < name.size() && is_hex(name[i + 1]) && is_hex(name[i + 2]);
    out += escape ? static_cast<char>(std::stoi(std::string(name.substr(i + 1, 2)), nullptr, 16))
                  : name[i];
    i += escape ? 2 : 0;
  }
  return out;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = mailpipe::detail::decode_utf8(text).length;
    if (length == 0) {
      return false;
    }
    text.remove_prefix(length);
  }
  return true;
}

void encoder(const std::string& text) {
  for (const bool first : {false, true}) {
    const std::string name = encode_file_name(text, first);
    hold(percent_decoded(name) == text, "an encoded name can be turned back");
    hold(is_printable(name) && name.find('/') == std::string::npos, "an encoded name is tame");
    hold(!first || !name.starts_with('.'), "no dot comes first");
  }
  for (const std::size_t limit : {8U, 40U, 255U}) {
    const std::string name = fit_file_name("a_", text, "_b", limit);
    hold(name.size() <= limit && is_printable(name), "a cut name fits");
  }
  is_printable(plain_words(text));
}

void eml(const std::string& id, const std::string& subject, const std::string& chosen) {
  test::Message message = test::message(id, subject);
  message.item.name = chosen;
  const eml::NameChoice choice = eml::choose_name(message.item, message.body());
  for (const unsigned n : {1U, 2U, 4'000'000'000U}) {
    const std::string name = choice.numbered(n);
    hold_file_name(name);
    hold(name.ends_with(".eml") && !name.starts_with('.'), "a message's file is an .eml");
    const std::string sidecar = eml::sidecar_name(name);
    hold_file_name(sidecar);
    hold(sidecar.ends_with(".json"), "a sidecar's file is a .json");
    eml::parse_name(name);
  }
  hold(choice.numbered(2) != choice.numbered(3), "numbers make names differ");
  // One that is cut may end like a number by itself, and be the same as with it; then the next number is taken.
  const std::string first = choice.numbered(1);
  hold(first.size() + 12 > kLongestFileName || first != choice.numbered(2),
       "a number makes a name differ from that without");
  const auto ids = eml::parse_name(choice.numbered(1)).server_ids;
  const bool plain = !id.empty() && id.size() <= 200 &&
                     id.find_first_not_of(
                         "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                         "0123456789-_") == std::string::npos;
  hold(!chosen.empty() || !plain || std::find(ids.begin(), ids.end(), id) != ids.end(),
       "a name tells its message's id");
  eml::parse_name(subject);
}

/// INBOX is that in whatever case (RFC 3501 section 5.1).
Path normal(Path path) {
  std::string upper = path[0];
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  path[0] = upper == "INBOX" ? upper : path[0];
  return path;
}

/// What did not fit may have been a character of four octets, each an escape.
bool is_cut(const std::string& name, std::size_t limit) {
  return name.size() + 12 > limit && name.find('~') != std::string::npos;
}

void maildir(const Path& path) {
  for (const maildir::Layout layout :
       {maildir::Layout::Verbatim, maildir::Layout::MaildirPlusPlus}) {
    for (const unsigned choice : {0U, 1U}) {
      const auto folders = maildir::folders_of(path, layout, choice);
      for (const std::string& folder : folders) {
        hold_file_name(folder);
        hold(folder != "cur" && folder != "new" && folder != "tmp",
             "a folder is none of Maildir's");
        hold(
            std::all_of(folder.begin(), folder.end(), [](char c) { return c >= 0x20 && c < 0x7F; }),
            "a folder's name is ASCII");
      }
      const bool cut = std::any_of(folders.begin(), folders.end(),
                                   [](const std::string& name) { return is_cut(name, 255); });
      hold(choice > 0 || cut || maildir::path_of(folders, layout) == normal(path),
           "a mailbox's folders tell its path");
    }
  }
}

void mbox(const Path& path) {
  const std::string box = mbox::box_name(path);
  hold(mbox::is_box_name(box), "a box has the name of one");
  bool cut = false;
  for (const std::string& part : split(box, '/')) {
    hold_file_name(part);
    hold(part.size() + 5 <= kLongestFileName, "a lock's name has room beside a box");
    cut = cut || is_cut(part, 239);
  }
  hold(cut || mbox::mailbox_of(box) == normal(path), "a box's name tells its path");
}

void utf7(const std::string& text) {
  const std::string name = encode_utf7(text);
  const auto back = decode_utf7(name);
  hold(back.has_value() && (!is_utf8(text) || *back == text), "modified UTF-7 can be turned back");
  if (const auto decoded = decode_utf7(text)) {
    hold(is_utf8(*decoded) && encode_utf7(*decoded) == text, "modified UTF-7 has one form");
  }
}

/// What is not the same is not called the same.
void two(const Path& a, const Path& b) {
  if (normal(a) == normal(b)) {
    return;
  }
  hold(mbox::box_name(a) != mbox::box_name(b), "no two mailboxes are one box");
  for (const maildir::Layout layout :
       {maildir::Layout::Verbatim, maildir::Layout::MaildirPlusPlus}) {
    hold(maildir::folders_of(a, layout) != maildir::folders_of(b, layout),
         "no two mailboxes are one folder");
    hold(maildir::folders_of(a, layout, 1) != maildir::folders_of(b, layout, 1),
         "no two mailboxes are one folder, by another choice neither");
  }
  hold(a.back() == b.back() || encode_file_name(a.back(), true) != encode_file_name(b.back(), true),
       "no two texts are one name");
}

}  // namespace

/// One path or two.
void run(std::string_view octets) {
  Input input(octets);
  const Path first = split(input.part(kPaths), kComponents);
  const Path second = split(input.part(kPaths), kComponents);
  for (const Path& path : {first, second}) {
    encoder(path[0]);
    utf7(path[0]);
    maildir(path);
    mbox(path);
    maildir::decode_component(path[0]);
    maildir::path_of(path, maildir::Layout::MaildirPlusPlus);
    mbox::mailbox_of(path[0]);
    mbox::is_box_name(path[0]);
  }
  eml(first[0], second[0], first.back() == first[0] ? std::string() : first.back());
  two(first, second);
}

}  // namespace mailpipe::fuzz
