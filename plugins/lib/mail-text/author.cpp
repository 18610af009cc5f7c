#include "author.hpp"

#include "header_text.hpp"

#include <mailpipe/c_ptr.hpp>

#include <gmime/gmime.h>

#include <algorithm>

namespace mailpipe {
namespace {

constexpr std::size_t kLongestValue = std::size_t{16} * 1024;
constexpr int kDeepestGroup = 8;

std::string text_or_empty(const char* text) {
  return text != nullptr ? decode_header_text(text) : std::string();
}

InternetAddressMailbox* first_mailbox(InternetAddressList* list, int depth) {
  const int length = list != nullptr ? internet_address_list_length(list) : 0;
  for (int i = 0; i < length; ++i) {
    InternetAddress* address = internet_address_list_get_address(list, i);
    if (INTERNET_ADDRESS_IS_MAILBOX(address)) {
      return INTERNET_ADDRESS_MAILBOX(address);
    }
    if (INTERNET_ADDRESS_IS_GROUP(address) && depth < kDeepestGroup) {
      InternetAddressGroup* group = INTERNET_ADDRESS_GROUP(address);
      if (auto* found = first_mailbox(internet_address_group_get_members(group), depth + 1)) {
        return found;
      }
    }
  }
  return nullptr;
}

}  // namespace

Author read_author(std::string_view raw) {
  Author author;
  author.name = decode_header_text(raw.substr(0, kLongestValue));  // also starts GMime
  std::string text(raw.substr(0, kLongestValue));
  std::erase_if(text, [](char c) { return c == '\0' || c == '\r' || c == '\n'; });
  const CPtr<InternetAddressList, g_object_unref> list(
      internet_address_list_parse(nullptr, text.c_str()));
  if (InternetAddressMailbox* mailbox = first_mailbox(list.get(), 0)) {
    author.name = text_or_empty(internet_address_get_name(INTERNET_ADDRESS(mailbox)));
    author.address = text_or_empty(internet_address_mailbox_get_addr(mailbox));
  }
  return author;
}

}  // namespace mailpipe
