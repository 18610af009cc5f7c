#include "run/trial.hpp"

#include "run/chain.hpp"
#include "run/places.hpp"
#include "spool/sha256.hpp"

#include <mailpipe/body.hpp>
#include <mailpipe/error.hpp>

#include <algorithm>
#include <utility>

namespace mailpipe::run {

namespace {

Body body_of(std::string_view octets) {
  mp_body view{.struct_size = sizeof(mp_body),
               .header_only = 0,
               .data = octets.data(),
               .fd = -1,
               .reserved = 0,
               .offset = 0,
               .size = octets.size(),
               .sha256 = {}};
  const Digest digest = spool::sha256(octets);
  std::copy(digest.begin(), digest.end(), view.sha256);
  return Body(view);
}

Tried tried(const Chain::Result& result, Item item) {
  using Kind = Chain::Result::Kind;
  // One that is to be linked is kept, but it is a duplicate to people.
  const bool duplicate = !result.owner.empty() && result.owner != item.key;
  Tried out;
  out.kind = duplicate                   ? Tried::Kind::Duplicate
             : result.kind == Kind::Drop ? Tried::Kind::Drop
             : result.kind == Kind::Hold ? Tried::Kind::Hold
                                         : Tried::Kind::Keep;
  out.reason = result.reason;
  out.until = result.hold_until;
  out.owner = result.owner;
  out.item = as_placed(std::move(item));
  return out;
}

}  // namespace

Trial::Trial(Fs& fs, std::chrono::sys_seconds run_time)
    : ledger_({}, "test", state::Ledger::Open::InMemory),
      services_{.fs = fs,
                .cancellation = cancellation_,
                .progress = progress_,
                .secret = [](const std::string&, std::string_view, bool) -> std::string {
                  throw Error(ErrorClass::Config, "a filter asks for a secret: a test has none");
                },
                .log = [](LogLevel, const std::string&, std::string_view, const Pairs&) {},
                .now = [run_time] { return run_time; }},
      access_{.ledger = &ledger_, .archive = true, .on_its_way = {}},
      run_time_(run_time) {}

Host& Trial::host(const std::string& component) {
  auto& host = hosts_[component];
  if (!host) {
    host = std::make_unique<ComponentHost>(component, services_, run_time_, access_);
  }
  return *host;
}

Tried Trial::judge(const Item& item, std::string_view octets,
                   const std::vector<FilterPart>& filters, const std::vector<FilterPart>& own) {
  const Body body = body_of(octets);
  const Chain chain(filters), own_chain(own);
  Chain::Tokens tokens, own_tokens;
  Item given = item;
  given.stream = ledger_.stream("test", "test");
  try {
    const Chain::Result result = chain.judge(given, &body, 0, tokens);
    const bool stored = result.kind == Chain::Result::Kind::Keep;
    if (stored) {
      ledger_.insert({.state = state::RowState::Stored, .item = given});
    }
    Tried out = tried(result, given);
    if (out.kind == Tried::Kind::Keep) {
      const Chain::Result own_result = own_chain.judge(given, &body, 0, own_tokens);
      out = tried(own_result, given);
    }
    chain.settle(tokens, stored);
    own_chain.settle(own_tokens, out.kind == Tried::Kind::Keep);
    return out;
  } catch (const Error& error) {
    if (error.error_class() != ErrorClass::Item) {
      throw;
    }
    return {.kind = Tried::Kind::Refused, .reason = error.what(), .item = item};
  }
}

}  // namespace mailpipe::run
