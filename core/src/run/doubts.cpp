// What came or went after the cursor that a listing goes on from: the run that heard of it broke off. See engine.hpp.
#include "run/engine.hpp"

#include <utility>

namespace mailpipe::run {

void Engine::on_checkpoint(Event event) {
  if (doubts_ && ledger_.in_doubt(event.stream)) {
    doubted_cursors_[event.stream] = std::move(event.cursor);
  } else {
    doubted_cursors_.erase(event.stream);
    checkpoints_.seal(event.stream, std::move(event.cursor));
  }
}

// What came or went after the cursor is told of once more, if the run that heard of it broke off. Streams whose cursor stays
// where it was have rows that went, too.
void Engine::end_doubts() {
  if (!doubts_) {
    return;
  }
  for (const auto& stream : ledger_.streams()) {
    take_back_untold(stream.id);
  }
  for (auto& [stream, cursor] : doubted_cursors_) {
    remove_untold(stream);
    checkpoints_.seal(stream, std::move(cursor));
  }
  doubted_cursors_.clear();
}

// It came and is not listed again: it was removed in between; the source never heard of it and will not tell.
void Engine::remove_untold(StreamId stream) {
  state::RowId after = 0;
  for (auto rows = ledger_.doubted(stream, after, kChunk); !rows.empty();
       rows = ledger_.doubted(stream, after, kChunk)) {
    after = rows.back().id;
    for (const state::Row& row : rows) {
      on_removed(row.item.key, checkpoints_.number(stream));
    }
  }
}

// It went and is not told to be gone again: then it is there.
void Engine::take_back_untold(StreamId stream) {
  state::RowId after = 0;
  for (auto rows = ledger_.doubted_gone(stream, after, kChunk); !rows.empty();
       rows = ledger_.doubted_gone(stream, after, kChunk)) {
    after = rows.back().id;
    for (state::Row& row : rows) {
      accounts_.bring(row, Accounts::Bringer::Reoffered);
      Item item = row.item;
      known(std::move(row), Action::Judge, std::move(item));
    }
  }
}

}  // namespace mailpipe::run
