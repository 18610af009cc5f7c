#pragma once

#include "state/row.hpp"

#include <array>
#include <cstddef>

namespace mailpipe::run {

/// What a source says of a key. Listed becomes Changed when the row's metadata differ.
enum class RowEvent : std::size_t { Listed, Changed, Removed };

/// What the engine does about it.
enum class Action {
  Ignore,          ///< not counted
  Judge,           ///< a message for the filter chain, as if never seen
  JudgeAgain,      ///< new metadata into the row, then the filter chain
  Known,           ///< nothing to do
  KnownMetadata,   ///< new metadata into the row, nothing else
  Update,          ///< new metadata into the row; sinks follow flags and places
  FlightMetadata,  ///< new metadata goes with the message that is on its way
  FlightGone,      ///< gone as soon as its batch has settled
  Gone,            ///< the row is gone; sinks remove it only if told to mirror
};

/// The one table that decides (ARCHITECTURE.md, "Row and event").
constexpr Action decide(state::RowState state, RowEvent event) noexcept {
  using enum Action;
  constexpr std::array<std::array<Action, 3>, 9> kTable{{
      //               listed      changed         removed
      /* none */ {Judge, Judge, Ignore},
      /* in flight */ {Known, FlightMetadata, FlightGone},
      /* stored */ {Known, Update, Gone},
      /* filtered */ {Known, JudgeAgain, Gone},
      /* deduplicated */ {Known, KnownMetadata, Gone},
      /* held */ {Known, JudgeAgain, Gone},
      /* quarantined */ {JudgeAgain, JudgeAgain, Gone},
      /* gone */ {Judge, Judge, Known},
      /* dropped */ {Known, KnownMetadata, Gone},
  }};
  return kTable[static_cast<std::size_t>(state)][static_cast<std::size_t>(event)];
}

}  // namespace mailpipe::run
