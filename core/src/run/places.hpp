#pragma once

#include "run/components.hpp"
#include "state/pack.hpp"

#include <mailpipe/item.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace mailpipe::run {

/// What a place is called in receipts: its path. A mailbox that is renamed is another place, and two mailboxes that
/// filters give one path are one.
inline std::string place_of(const std::vector<std::string>& path) {
  return state::pack(path);
}

/// The item as sinks get it: every place once, its id the identity of its path. Mailboxes whose path nobody told are left
/// out.
inline Item as_placed(Item item) {
  std::vector<Mailbox> places;
  for (Mailbox& place : item.places) {
    place.id = place_of(place.path);
    const auto same = [&](const Mailbox& other) { return other.id == place.id; };
    if (!place.path.empty() && std::none_of(places.begin(), places.end(), same)) {
      places.push_back(std::move(place));
    }
  }
  item.places = std::move(places);
  return item;
}

/// The places that filters give a message, worked out again from what is known of it.
inline void choose_places(Item& item, const std::vector<FilterPart>& filters) {
  for (const FilterPart& part : filters) {
    if (part.places) {
      Verdict verdict = part.filter->judge(item, nullptr);
      if (!verdict.places.empty()) {
        item.places = std::move(verdict.places);
      }
    }
  }
}

/// A stored message as one sink gets it now.
inline Item as_given(Item item, const std::vector<FilterPart>& filters, const SinkPart& sink) {
  choose_places(item, filters);
  choose_places(item, sink.filters);
  return as_placed(std::move(item));
}

}  // namespace mailpipe::run
