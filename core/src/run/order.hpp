#pragma once

#include <mailpipe/item.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <unordered_map>
#include <vector>

namespace mailpipe::run {

/// The order in which messages reach sinks that keep one (an mbox): within a stream that in which they came up, whichever
/// body is here first. Between streams there is none.
///
///   join() --> here() --staging--> staged() --committed
///
/// A message at the head of its stream's line never waits; those behind it wait with their bodies spooled.
/// Threads  The engine's.
class Order {
 public:
  using Token = std::uint64_t;

  /// Those whose turn has come; and those that have none in this run.
  struct Turns {
    std::vector<Token> stage, commit, fail;
  };

  /// To the end of the stream's line. False: it stands in it already, and keeps its turn.
  bool join(StreamId stream, Token token);

  /// Its body is here.
  Turns here(Token token) { return set(token, State::Here); }

  /// It is staged on every sink that wants it.
  Turns staged(Token token) { return set(token, State::Staged); }

  /// It goes no further; nothing happens if it stands in no line.
  Turns leave(Token token);

  /// How many wait for those before them.
  std::size_t waiting() const;

  /// It was not settled, so another run brings it up again: and all that stand behind it, or they would be stored first.
  Turns cut(Token token);

 private:
  enum class State { Away, Here, Staging, Staged };

  struct Line {
    std::map<std::uint64_t, std::pair<Token, State>> by_number;
    std::uint64_t next_to_stage = 0;
    std::uint64_t cut_at = UINT64_MAX;  ///< from here on none has a turn
  };

  struct Spot {
    StreamId stream = 0;
    std::uint64_t number = 0;
  };

  Turns set(Token token, State state);
  Turns advance(StreamId stream);

  std::map<StreamId, Line> lines_;
  std::unordered_map<Token, Spot> spots_;
  std::uint64_t next_ = 0;
};

}  // namespace mailpipe::run
