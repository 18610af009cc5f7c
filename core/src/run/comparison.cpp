// What either side lacks, the server or the ledger. See verification.hpp.
#include "run/verification.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <utility>

namespace mailpipe::run {

using state::Finding;

namespace {

/// Only takes down what there is.
class KeyEmitter final : public Emitter {
 public:
  KeyEmitter(const std::vector<state::Ledger::StreamRow>& streams, state::VerifyBook& book,
             const std::function<void()>& stop_if_told)
      : book_(book),
        stop_if_told_(stop_if_told) {
    for (const auto& stream : streams) {
      ids_[stream.name] = stream.id;
      next_ = std::max(next_, stream.id + 1);
    }
  }

  StreamId stream(std::string_view name, std::string_view) override {
    const auto [found, added] = ids_.try_emplace(std::string(name), next_);
    next_ += added ? 1 : 0;
    return found->second;
  }

  void emit(Event event) override {
    stop_if_told_();
    if (event.kind == EventKind::Listed || event.kind == EventKind::Changed) {
      book_.list(event.item);
    }
  }

 private:
  state::VerifyBook& book_;
  const std::function<void()>& stop_if_told_;
  std::map<std::string, StreamId> ids_;
  StreamId next_ = 1;
};

bool is_known(const state::Row& row) {
  return row.state != state::RowState::None && row.state != state::RowState::Gone;
}

// One that is not stored was listed once all the same, and may be found under another key.
constexpr state::RowState kListedStates[] = {
    state::RowState::Stored, state::RowState::Filtered,    state::RowState::Deduplicated,
    state::RowState::Held,   state::RowState::Quarantined, state::RowState::Dropped};

constexpr std::size_t kChunk = 500;

}  // namespace

void Verification::compare() {
  const auto streams = in_.ledger.streams();
  Cursors from;
  for (const auto& stream : streams) {
    from.push_back({stream.id, stream.name, {}});
  }
  const std::function<void()> stop = [this] { stop_if_told(); };
  KeyEmitter emitter(streams, in_.book, stop);
  in_.components.source->list(from, emitter);
  for (const state::RowState state : kListedStates) {
    compare(state);
  }
  in_.book.listed([&](const std::string& key) {
    const state::Row row = in_.ledger.find(key);
    if (!is_known(row)) {
      in_.book.add({.kind = Finding::Kind::NotStored,
                    .row = row.id,
                    .key = key,
                    .detail = row.id == 0 ? "not known yet" : "known as gone"});
    }
  });
}

void Verification::compare(state::RowState state) {
  state::RowId after = 0;
  for (auto rows = in_.ledger.rows(state, after, kChunk); !rows.empty();
       rows = in_.ledger.rows(state, after, kChunk)) {
    after = rows.back().id;
    for (const state::Row& row : rows) {
      const bool listed = in_.book.is_listed(row.item.key) || is_listed_otherwise(row);
      if (!listed && state == state::RowState::Stored) {
        in_.book.add({.kind = Finding::Kind::NotOnServer, .row = row.id, .key = row.item.key});
      }
    }
  }
}

// Without cursors a source may give other keys than before: those of IMAP tell which mailbox it is of all that had the name.
bool Verification::is_listed_otherwise(const state::Row& row) {
  for (const std::string& key : in_.book.listed_as(row.item)) {
    if (!is_known(in_.ledger.find(key))) {
      in_.book.unlist(key);
      return true;
    }
  }
  return false;
}

}  // namespace mailpipe::run
