#pragma once

#include <mailpipe/item.hpp>

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace mailpipe::run {

/// Keeps cursors back until every message told of before them is settled.
///
/// Messages between two checkpoints of a stream form a group; a cursor is ready when its group and all before it have no
/// member left on the way.
class Checkpoints {
 public:
  /// Membership of one message on its way; leaving is by destruction.
  class Group {
   public:
    std::uint64_t number = 0;
    std::uint64_t unsettled = 0;
    bool sealed = false;
    std::string cursor;
  };

  using Member = std::shared_ptr<Group>;

  /// A message of the stream is on its way. Call leave() when it is settled; never, when it failed.
  Member join(StreamId stream) {
    Member group = open_group(stream);
    ++group->unsettled;
    return group;
  }

  static void leave(const Member& group) {
    if (group) {
      --group->unsettled;
    }
  }

  /// Of the group of what the source tells now. They grow.
  std::uint64_t number(StreamId stream) { return open_group(stream)->number; }

  /// The source told of all before `cursor`.
  void seal(StreamId stream, std::string cursor) {
    const Member group = open_group(stream);
    group->sealed = true;
    group->cursor = std::move(cursor);
  }

  struct Ready {
    StreamId stream = 0;
    std::string cursor;
    std::uint64_t number = 0;  ///< of its group
  };

  /// The cursors that may be stored now, the latest of each stream; each is given once.
  std::vector<Ready> ready() {
    std::vector<Ready> out;
    for (auto& [stream, groups] : streams_) {
      Member last;
      while (!groups.empty() && groups.front()->sealed && groups.front()->unsettled == 0) {
        last = std::move(groups.front());
        groups.pop_front();
      }
      if (last) {
        out.push_back({stream, std::move(last->cursor), last->number});
      }
    }
    return out;
  }

  /// Whether no message is on its way, and none failed.
  bool settled() const {
    for (const auto& [stream, groups] : streams_) {
      for (const Member& group : groups) {
        if (group->unsettled != 0) {
          return false;
        }
      }
    }
    return true;
  }

 private:
  Member open_group(StreamId stream) {
    std::deque<Member>& groups = streams_[stream];
    if (groups.empty() || groups.back()->sealed) {
      groups.push_back(std::make_shared<Group>());
      groups.back()->number = ++last_number_;
    }
    return groups.back();
  }

  std::map<StreamId, std::deque<Member>> streams_;
  std::uint64_t last_number_ = 0;
};

}  // namespace mailpipe::run
