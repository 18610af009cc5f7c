#include "run/order.hpp"

#include <algorithm>
#include <iterator>

namespace mailpipe::run {

bool Order::join(StreamId stream, Token token) {
  const bool added = spots_.try_emplace(token, Spot{stream, next_}).second;
  if (added) {
    lines_[stream].by_number.emplace(next_++, std::pair(token, State::Away));
  }
  return added;
}

Order::Turns Order::leave(Token token) {
  const auto node = spots_.extract(token);
  if (node.empty()) {
    return {};
  }
  lines_[node.mapped().stream].by_number.erase(node.mapped().number);
  return advance(node.mapped().stream);
}

Order::Turns Order::set(Token token, State state) {
  const Spot spot = spots_.at(token);
  Line& line = lines_[spot.stream];
  line.by_number.at(spot.number).second = state;
  if (state == State::Here) {  // perhaps once more: its copy was not what it should be
    line.next_to_stage = std::min(line.next_to_stage, spot.number);
  }
  return advance(spot.stream);
}

std::size_t Order::waiting() const {
  std::size_t count = 0;
  for (const auto& [stream, line] : lines_) {
    count += static_cast<std::size_t>(
        std::count_if(line.by_number.begin(), line.by_number.end(), [](const auto& one) {
          return one.second.second == State::Here || one.second.second == State::Staged;
        }));
  }
  return count;
}

Order::Turns Order::cut(Token token) {
  const auto spot = spots_.find(token);
  if (spot == spots_.end()) {
    return {};
  }
  std::uint64_t& at = lines_[spot->second.stream].cut_at;
  at = std::min(at, spot->second.number);
  return leave(token);
}

Order::Turns Order::advance(StreamId stream) {
  Turns turns;
  Line& line = lines_[stream];
  auto& all = line.by_number;
  for (auto one = all.lower_bound(line.cut_at); one != all.end();) {
    const auto [token, state] = one->second;
    const bool idle = state == State::Here || state == State::Staged;
    if (idle) {
      turns.fail.push_back(token);
      spots_.erase(token);
    }
    one = idle ? all.erase(one) : std::next(one);
  }
  for (auto one = all.lower_bound(line.next_to_stage);
       one != all.end() && one->first < line.cut_at && one->second.second != State::Away; ++one) {
    if (one->second.second == State::Here) {
      one->second.second = State::Staging;
      turns.stage.push_back(one->second.first);
    }
    line.next_to_stage = one->first + 1;
  }
  while (!all.empty() && all.begin()->second.second == State::Staged) {
    const Token token = all.begin()->second.first;
    turns.commit.push_back(token);
    spots_.erase(token);
    all.erase(all.begin());
  }
  if (all.empty() && line.cut_at == UINT64_MAX) {
    lines_.erase(stream);
  }
  return turns;
}

}  // namespace mailpipe::run
