#pragma once

#include <mailpipe/source.hpp>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

namespace mailpipe::test {

/// Keeps every event that a source emits. Threads  One at a time.
class RecordingEmitter : public Emitter {
 public:
  StreamId stream(std::string_view name, std::string_view label) override {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found != names.end()) {
      return static_cast<StreamId>(found - names.begin()) + 1;
    }
    names.emplace_back(name);
    labels.emplace_back(label);
    return names.size();
  }

  void emit(Event event) override {
    events.push_back(std::move(event));
    if (on_event) {
      on_event(events.back());
    }
  }

  /// Server ids of items, or keys, of all events of a kind, in order.
  std::vector<std::string> ids(EventKind kind) const {
    std::vector<std::string> all;
    for (const Event& event : events) {
      if (event.kind == kind) {
        all.push_back(!event.item.server_id.empty() ? event.item.server_id
                      : !event.key.empty()          ? event.key
                                                    : event.mailbox.id);
      }
    }
    return all;
  }

  std::size_t count(EventKind kind) const {
    return static_cast<std::size_t>(std::count_if(
        events.begin(), events.end(), [&](const Event& event) { return event.kind == kind; }));
  }

  const Event& last(EventKind kind) const {
    return *std::find_if(events.rbegin(), events.rend(),
                         [&](const Event& event) { return event.kind == kind; });
  }

  /// The cursors to begin the next listing with.
  Cursors cursors() const {
    return count(EventKind::Checkpoint) == 0
               ? Cursors{}
               : Cursors{{1, names.at(0), last(EventKind::Checkpoint).cursor}};
  }

  std::vector<Event> events;
  std::vector<std::string> names;
  std::vector<std::string> labels;
  std::function<void(const Event&)> on_event;
};

}  // namespace mailpipe::test
