#include "foreign.hpp"

#include <cstddef>
#include <initializer_list>

namespace mailpipe::plugin {

namespace {

constexpr std::size_t kLongest = std::size_t{1} << 30U;

// How large each struct was in the first minor of this major. Never grows.
constexpr std::size_t kItemFloor = offsetof(mp_item, name) + sizeof(mp_str);
constexpr std::size_t kMailboxFloor = offsetof(mp_mailbox, role) + sizeof(mp_str);
constexpr std::size_t kEventFloor = offsetof(mp_event, count) + sizeof(std::uint64_t);
constexpr std::size_t kFoundFloor =
    offsetof(mp_found, original_header_sha256) + sizeof(mp_found::original_header_sha256);
constexpr std::size_t kErrorFloor = offsetof(mp_error, details) + sizeof(mp_error::details);

const char* wrong_with_all(std::initializer_list<mp_str> texts) noexcept {
  for (const mp_str text : texts) {
    if (const char* wrong = wrong_with(text); wrong != nullptr) {
      return wrong;
    }
  }
  return nullptr;
}

const char* wrong_with_list(const void* list, std::uint32_t count) noexcept {
  if (count > kMaxCount) {
    return "gave a count that is negative or absurd";
  }
  return list == nullptr && count > 0 ? "gave a list that is NULL" : nullptr;
}

const char* wrong_with_texts(const mp_str* texts, std::uint32_t count) noexcept {
  const char* wrong = wrong_with_list(texts, count);
  for (std::uint32_t i = 0; wrong == nullptr && i < count; ++i) {
    wrong = wrong_with(texts[i]);
  }
  return wrong;
}

const char* wrong_with_pairs(const mp_pair* pairs, std::uint32_t count) noexcept {
  const char* wrong = wrong_with_list(pairs, count);
  for (std::uint32_t i = 0; wrong == nullptr && i < count; ++i) {
    wrong = wrong_with_all({pairs[i].name, pairs[i].value});
  }
  return wrong;
}

const char* first(std::initializer_list<const char*> findings) noexcept {
  for (const char* finding : findings) {
    if (finding != nullptr) {
      return finding;
    }
  }
  return nullptr;
}

}  // namespace

const char* wrong_with(mp_str text) noexcept {
  if (text.n > kLongest) {
    return "gave a text whose length is negative or absurd";
  }
  return text.p == nullptr && text.n > 0 ? "gave a text that is NULL" : nullptr;
}

const char* wrong_with(const mp_mailbox* mailbox) noexcept {
  if (mailbox == nullptr) {
    return "gave a mailbox that is NULL";
  }
  if (mailbox->struct_size < kMailboxFloor) {
    return "gave a mailbox of a wrong struct_size";
  }
  return first({wrong_with_all({mailbox->id, mailbox->role}),
                wrong_with_texts(mailbox->path, mailbox->path_count)});
}

const char* wrong_with(const mp_mailbox* mailboxes, std::uint32_t count) noexcept {
  const char* wrong = wrong_with_list(mailboxes, count);
  for (std::uint32_t i = 0; wrong == nullptr && i < count; ++i) {
    wrong = mailboxes[i].struct_size != sizeof(mp_mailbox)
                ? "gave mailboxes of another size than this host's"
                : wrong_with(&mailboxes[i]);
  }
  return wrong;
}

const char* wrong_with(const mp_item* item) noexcept {
  if (item == nullptr) {
    return "gave an item that is NULL";
  }
  if (item->struct_size < kItemFloor) {
    return "gave an item of a wrong struct_size";
  }
  if (item->key.n == 0) {
    return "gave an item without a key";
  }
  return first({wrong_with_all({item->key, item->server_id, item->ref, item->name}),
                wrong_with(item->places, item->place_count),
                wrong_with_texts(item->keywords, item->keyword_count),
                wrong_with_pairs(item->attributes, item->attribute_count)});
}

const char* wrong_with(const mp_event* event) noexcept {
  if (event == nullptr || event->struct_size < kEventFloor) {
    return "gave an event that is NULL or of a wrong struct_size";
  }
  switch (event->kind) {
    case MP_EV_LISTED:
    case MP_EV_CHANGED:
    case MP_EV_KEYWORDS:
      return wrong_with(event->item);
    case MP_EV_REMOVED:
    case MP_EV_GONE:
      return event->key.n == 0 ? "gave an event without a key" : wrong_with(event->key);
    case MP_EV_MAILBOX:
    case MP_EV_MAILBOX_REMOVED:
      return wrong_with(event->mailbox);
    case MP_EV_CHECKPOINT:
      return wrong_with(event->cursor);
    case MP_EV_LISTING_BEGIN:
    case MP_EV_LISTING_END:
    case MP_EV_ESTIMATE:
      return nullptr;
    default:
      return "gave an event of an unknown kind";
  }
}

const char* wrong_with(const mp_verdict& verdict) noexcept {
  if (verdict.kind > MP_DUPLICATE) {
    return "gave a verdict of an unknown kind";
  }
  if (verdict.kind == MP_DROP && verdict.reason.n == 0) {
    return "dropped a message without a reason";
  }
  if (verdict.kind == MP_DUPLICATE && verdict.owner.n == 0) {
    return "gave a duplicate without its owner";
  }
  return first(
      {wrong_with_all({verdict.reason, verdict.owner, verdict.name}),
       verdict.places == nullptr ? nullptr : wrong_with(verdict.places, verdict.place_count)});
}

const char* wrong_with(const mp_staged& staged) noexcept {
  const char* wrong =
      first({wrong_with(staged.token), wrong_with_list(staged.placed, staged.placed_count)});
  for (std::uint32_t i = 0; wrong == nullptr && i < staged.placed_count; ++i) {
    wrong = staged.placed[i].location.n == 0
                ? "staged a message without saying where it will lie"
                : wrong_with_all({staged.placed[i].place, staged.placed[i].location});
  }
  if (wrong == nullptr && staged.placed_count == 0) {
    return "staged a message in no place";
  }
  return wrong;
}

const char* wrong_with(const mp_found* found) noexcept {
  if (found == nullptr || found->struct_size < kFoundFloor) {
    return "gave a find that is NULL or of a wrong struct_size";
  }
  return first({wrong_with_all({found->location, found->ref}),
                wrong_with_texts(found->path, found->path_count),
                wrong_with_texts(found->server_ids, found->id_count)});
}

const char* wrong_with(const mp_error* error) noexcept {
  return error == nullptr || error->struct_size >= kErrorFloor
             ? nullptr
             : "gave an error of a wrong struct_size";
}

}  // namespace mailpipe::plugin
