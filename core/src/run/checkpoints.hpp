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

  /// The source told of all before `cursor`.
  void seal(StreamId stream, std::string cursor) {
    const Member group = open_group(stream);
    group->sealed = true;
    group->cursor = std::move(cursor);
  }

  /// The cursors that may be stored now, the latest of each stream; each is given once.
  std::vector<std::pair<StreamId, std::string>> ready() {
    std::vector<std::pair<StreamId, std::string>> out;
    for (auto& [stream, groups] : streams_) {
      bool found = false;
      std::string cursor;
      while (!groups.empty() && groups.front()->sealed && groups.front()->unsettled == 0) {
        cursor = std::move(groups.front()->cursor);
        found = true;
        groups.pop_front();
      }
      if (found) {
        out.emplace_back(stream, std::move(cursor));
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
    }
    return groups.back();
  }

  std::map<StreamId, std::deque<Member>> streams_;
};

}  // namespace mailpipe::run
