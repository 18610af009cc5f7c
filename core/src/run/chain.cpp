#include "run/chain.hpp"

namespace mailpipe::run {

Chain::Result Chain::judge(Item& item, const Body* body, std::size_t first, Tokens& tokens) const {
  Result result;
  for (std::size_t i = first; i < filters_.size(); ++i) {
    const FilterPart& part = filters_[i];
    if (part.filter->needs() != Needs::Metadata && body == nullptr) {
      result.kind = Result::Kind::NeedsBody;
      result.next = i;
      return result;
    }
    Verdict verdict =
        part.filter->judge(item, part.filter->needs() == Needs::Metadata ? nullptr : body);
    if (verdict.token != 0) {
      tokens.emplace_back(i, verdict.token);
    }
    switch (verdict.kind) {
      case Verdict::Kind::Keep:
        if (!verdict.name.empty()) {
          item.name = std::move(verdict.name);
        }
        if (!verdict.places.empty()) {
          item.places = std::move(verdict.places);
        }
        break;
      case Verdict::Kind::Drop:
        return {.kind = Result::Kind::Drop, .reason = part.id + ": " + verdict.reason};
      case Verdict::Kind::Hold:
        return {.kind = Result::Kind::Hold, .hold_until = verdict.hold_until};
      case Verdict::Kind::Duplicate:
        result.owner = std::move(verdict.owner);
        if (!verdict.link) {
          result.kind = Result::Kind::Duplicate;
          return result;
        }
        break;  // stored like any other; only where its octets come from differs
    }
  }
  return result;
}

void Chain::settle(const Tokens& tokens, bool durable) const {
  for (const auto& [index, token] : tokens) {
    filters_[index].filter->settle(token, durable);
  }
}

}  // namespace mailpipe::run
