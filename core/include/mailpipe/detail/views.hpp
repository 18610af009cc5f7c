#pragma once

#include <mailpipe/item.hpp>
#include <mailpipe/plugin.h>

#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Between the values of the C++ layer and the views of plugin.h. Used on both sides of the
// boundary.
namespace mailpipe::detail {

inline mp_str view(std::string_view text) noexcept {
  return {text.data(), text.size()};
}

inline std::string_view text(mp_str view) noexcept {
  return view.p == nullptr ? std::string_view() : std::string_view(view.p, view.n);
}

inline std::string copy(mp_str view) {
  return std::string(text(view));
}

inline std::int64_t to_seconds(const std::optional<std::chrono::sys_seconds>& time) noexcept {
  return time ? static_cast<std::int64_t>(time->time_since_epoch().count()) : MP_NO_TIME;
}

inline std::optional<std::chrono::sys_seconds> to_time(std::int64_t seconds) noexcept {
  if (seconds == MP_NO_TIME) {
    return std::nullopt;
  }
  return std::chrono::sys_seconds(std::chrono::seconds(seconds));
}

inline std::optional<std::uint64_t> to_size(std::uint64_t size) noexcept {
  return size == MP_NO_SIZE ? std::nullopt : std::optional(size);
}

inline std::vector<mp_str> text_views(const std::vector<std::string>& texts) {
  std::vector<mp_str> out;
  out.reserve(texts.size());
  for (const std::string& each : texts) {
    out.push_back(view(each));
  }
  return out;
}

inline std::vector<std::string> to_texts(const mp_str* texts, std::uint32_t count) {
  std::vector<std::string> out;
  for (std::uint32_t i = 0; i < count; ++i) {
    out.push_back(copy(texts[i]));
  }
  return out;
}

/// Views of mailboxes; borrows the strings, owns the arrays.
class MailboxViews {
 public:
  explicit MailboxViews(const std::vector<Mailbox>& mailboxes) {
    std::size_t components = 0;
    for (const Mailbox& mailbox : mailboxes) {
      components += mailbox.path.size();
    }
    paths_.reserve(components);
    views_.reserve(mailboxes.size());
    for (const Mailbox& mailbox : mailboxes) {
      add(mailbox);
    }
  }

  explicit MailboxViews(const Mailbox& mailbox) {
    paths_.reserve(mailbox.path.size());
    add(mailbox);
  }

  const mp_mailbox* data() const noexcept { return views_.data(); }

  std::uint32_t size() const noexcept { return static_cast<std::uint32_t>(views_.size()); }

 private:
  void add(const Mailbox& mailbox) {
    const std::size_t start = paths_.size();
    for (const std::string& component : mailbox.path) {
      paths_.push_back(view(component));
    }
    views_.push_back({sizeof(mp_mailbox), static_cast<std::uint32_t>(mailbox.path.size()),
                      view(mailbox.id), paths_.data() + start, view(mailbox.role)});
  }

  std::vector<mp_str> paths_;
  std::vector<mp_mailbox> views_;
};

inline Mailbox to_mailbox(const mp_mailbox& in) {
  Mailbox out{.id = copy(in.id), .path = {}, .role = copy(in.role)};
  for (std::uint32_t i = 0; i < in.path_count; ++i) {
    out.path.push_back(copy(in.path[i]));
  }
  return out;
}

inline std::vector<mp_pair> pair_views(const Pairs& pairs) {
  std::vector<mp_pair> out;
  out.reserve(pairs.size());
  for (const auto& [name, value] : pairs) {
    out.push_back({view(name), view(value)});
  }
  return out;
}

inline Pairs to_pairs(const mp_pair* pairs, std::size_t count) {
  Pairs out;
  for (std::size_t i = 0; i < count; ++i) {
    out.emplace_back(copy(pairs[i].name), copy(pairs[i].value));
  }
  return out;
}

/// A view of an item; borrows its strings.
class ItemView {
 public:
  explicit ItemView(const Item& item)
      : places_(item.places),
        attributes_(pair_views(item.attributes)) {
    keywords_ = text_views(item.keywords);
    view_ = {.struct_size = sizeof(mp_item),
             .flags = item.initial ? static_cast<std::uint32_t>(MP_ITEM_INITIAL) : 0U,
             .key = view(item.key),
             .stream = item.stream,
             .server_id = view(item.server_id),
             .ref = view(item.ref),
             .size = item.size.value_or(MP_NO_SIZE),
             .received_at = to_seconds(item.received_at),
             .places = places_.data(),
             .keywords = keywords_.data(),
             .attributes = attributes_.data(),
             .place_count = places_.size(),
             .keyword_count = static_cast<std::uint32_t>(keywords_.size()),
             .attribute_count = static_cast<std::uint32_t>(attributes_.size()),
             .reserved = 0,
             .name = view(item.name)};
  }

  ItemView(const ItemView&) = delete;
  ItemView& operator=(const ItemView&) = delete;

  const mp_item* get() const noexcept { return &view_; }

 private:
  MailboxViews places_;
  std::vector<mp_pair> attributes_;
  std::vector<mp_str> keywords_;
  mp_item view_{};
};

inline Item to_item(const mp_item& in) {
  Item out;
  out.key = copy(in.key);
  out.stream = in.stream;
  out.server_id = copy(in.server_id);
  out.ref = copy(in.ref);
  out.size = to_size(in.size);
  out.received_at = to_time(in.received_at);
  for (std::uint32_t i = 0; i < in.place_count; ++i) {
    out.places.push_back(to_mailbox(in.places[i]));
  }
  out.keywords = to_texts(in.keywords, in.keyword_count);
  out.attributes = to_pairs(in.attributes, in.attribute_count);
  out.initial = (in.flags & MP_ITEM_INITIAL) != 0;
  out.name = copy(in.name);
  return out;
}

/// A view of a staging; borrows its strings.
class StagedView {
 public:
  explicit StagedView(const Staged& staged) {
    for (const Placed& placed : staged.placed) {
      placed_.push_back({view(placed.place), view(placed.location)});
    }
    view_ = {sizeof(mp_staged), static_cast<std::uint32_t>(placed_.size()), view(staged.token),
             placed_.data()};
  }

  StagedView(const StagedView&) = delete;
  StagedView& operator=(const StagedView&) = delete;

  const mp_staged* get() const noexcept { return &view_; }

 private:
  std::vector<mp_placed> placed_;
  mp_staged view_{};
};

inline Staged to_staged(const mp_staged& in) {
  Staged out{.token = copy(in.token), .placed = {}};
  for (std::uint32_t i = 0; i < in.placed_count; ++i) {
    out.placed.push_back({copy(in.placed[i].place), copy(in.placed[i].location)});
  }
  return out;
}

/// A view of a receipt; borrows its strings.
class ReceiptView {
 public:
  explicit ReceiptView(const Receipt& receipt) : keywords_(text_views(receipt.keywords)) {
    view_ = {.struct_size = sizeof(mp_receipt),
             .keyword_count = static_cast<std::uint32_t>(keywords_.size()),
             .key = view(receipt.key),
             .place = view(receipt.place),
             .location = view(receipt.location),
             .size = receipt.size,
             .sha256 = {},
             .keywords = keywords_.data()};
    std::memcpy(view_.sha256, receipt.digest.data(), receipt.digest.size());
  }

  ReceiptView(const ReceiptView&) = delete;
  ReceiptView& operator=(const ReceiptView&) = delete;

  const mp_receipt* get() const noexcept { return &view_; }

 private:
  std::vector<mp_str> keywords_;
  mp_receipt view_{};
};

inline Receipt to_receipt(const mp_receipt& in) {
  Receipt out{.key = copy(in.key),
              .place = copy(in.place),
              .location = copy(in.location),
              .size = in.size,
              .digest = {},
              .keywords = to_texts(in.keywords, in.keyword_count)};
  std::memcpy(out.digest.data(), in.sha256, out.digest.size());
  return out;
}

/// A view of what a scan found; borrows its strings.
class FoundView {
 public:
  explicit FoundView(const Found& file)
      : ids_(text_views(file.server_ids)),
        path_(text_views(file.path)) {
    view_.struct_size = sizeof(mp_found);
    view_.id_count = static_cast<std::uint32_t>(ids_.size());
    view_.location = view(file.location);
    view_.ref = view(file.ref);
    view_.size = file.size;
    view_.received_at = to_seconds(file.received_at);
    std::memcpy(view_.sha256, file.digest.data(), file.digest.size());
    view_.server_ids = ids_.data();
    view_.path = path_.data();
    view_.path_count = static_cast<std::uint32_t>(path_.size());
    if (file.original) {
      const Found::Original& original = *file.original;
      view_.has_original = 1;
      view_.original_size = original.size;
      std::memcpy(view_.original_sha256, original.digest.data(), original.digest.size());
      std::memcpy(view_.original_header_sha256, original.header_digest.data(),
                  original.header_digest.size());
    }
  }

  FoundView(const FoundView&) = delete;
  FoundView& operator=(const FoundView&) = delete;

  const mp_found* get() const noexcept { return &view_; }

 private:
  std::vector<mp_str> ids_, path_;
  mp_found view_{};
};

inline Found to_found(const mp_found& in) {
  Found out{.location = copy(in.location),
            .path = to_texts(in.path, in.path_count),
            .size = in.size,
            .received_at = to_time(in.received_at),
            .digest = {},
            .server_ids = to_texts(in.server_ids, in.id_count),
            .ref = copy(in.ref),
            .original = {}};
  std::memcpy(out.digest.data(), in.sha256, out.digest.size());
  if (in.has_original != 0) {
    Found::Original original;
    original.size = in.original_size;
    std::memcpy(original.digest.data(), in.original_sha256, original.digest.size());
    std::memcpy(original.header_digest.data(), in.original_header_sha256,
                original.header_digest.size());
    out.original = original;
  }
  return out;
}

}  // namespace mailpipe::detail
