#include "fields.hpp"
#include "lister.hpp"
#include "loop_guard.hpp"

#include <mailpipe/printable.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <deque>
#include <optional>
#include <set>
#include <utility>

namespace mailpipe::jmap {

namespace {

using nlohmann::json;

constexpr std::size_t kTrail =
    4000;  ///< ids remembered to go back to when the anchor was deleted meanwhile
constexpr unsigned kMostStepsBack = 200;  ///< in one listing
constexpr std::uint64_t kSlack =
    100'000;  ///< messages beyond twice the announced number, before we call it endless
constexpr std::uint64_t kMostMessages =
    100'000'000;  ///< where the server does not say how many it holds

/// Email/query page by page, each page anchored at the last id of the one before.
///
/// Anchors, not positions: what is deleted while paging then moves nothing past us. A server can end the paging (an empty
/// page) or fail; it cannot keep it going for ever: an anchor that comes again is a circle (LoopGuard), and ever new ids end
/// at twice the number that it said it holds.
class Paging {
 public:
  explicit Paging(Lister& lister) : lister_(lister) {}

  void run() {
    while (next_page()) {
    }
  }

  /// How many of the announced messages no page held. They were deleted meanwhile, or the pages ended too early.
  std::uint64_t missing() const { return total_ && *total_ > reached_ ? *total_ - reached_ : 0; }

  std::uint64_t total() const { return total_.value_or(0); }

 private:
  bool next_page() {
    const std::vector<MethodResult> results = lister_.call({query(), get()}, true);
    const MethodResult& query_result = results[0];
    const MethodResult& get_result = results[1];
    if (query_result.failed()) {
      adapt(query_result);
      return true;
    }
    if (get_result.failed()) {
      adapt(get_result);
      return true;
    }
    std::vector<std::string> ids = read_query(query_result);
    if (!anchor_.empty() && !ids.empty() && ids.front() == anchor_) {
      ids.erase(ids.begin());  // a server that knows no anchorOffset, or clamps it at the end
    }
    if (ids.empty()) {
      return missing() != 0 && !std::exchange(asked_again_, true);
    }
    tell(ids, read_emails(get_result, lister_.account_id(), lister_.stream()), get_result.where);
    move_on(ids, query_result);
    return true;
  }

  MethodCall query() const {
    json arguments;
    arguments["limit"] = lister_.page_size();
    arguments["collapseThreads"] = false;
    if (sorted_) {
      arguments["sort"] = json::array({{{"property", "receivedAt"}, {"isAscending", true}}});
    }
    if (!anchor_.empty()) {
      arguments["anchor"] = anchor_;
      arguments["anchorOffset"] = 1;
    }
    if (!total_) {
      arguments["calculateTotal"] = true;
    }
    return make_call("Email/query", arguments);
  }

  static MethodCall get() {
    json arguments;
    arguments["#ids"] = {{"resultOf", "0"}, {"name", "Email/query"}, {"path", "/ids"}};
    arguments["properties"] = email_properties();
    return make_call("Email/get", arguments);
  }

  std::vector<std::string> read_query(const MethodResult& result) {
    const Fields fields(*result.arguments, result.where);
    if (!total_ && fields.has("total")) {
      total_ = fields.number("total");
      lister_.emitter().estimate(lister_.stream(), *total_);
    }
    return fields.ids("ids");
  }

  void tell(const std::vector<std::string>& ids, EmailPage page, const std::string& where) {
    page.require_all(ids, where);
    for (Item& item : page.items) {
      lister_.emitter().listed(std::move(item));
    }
  }

  void move_on(const std::vector<std::string>& ids, const MethodResult& result) {
    anchor_ = ids.back();
    listed_ += ids.size();
    asked_again_ = false;
    stride_ = 1;
    for (const std::string& id : ids) {
      if (on_trail_.insert(id)
              .second) {  // servers give two messages of one date in another order on each page
        trail_.push_back(id);
        ++reached_;
      }
    }
    while (trail_.size() > kTrail) {
      on_trail_.erase(trail_.front());
      trail_.pop_front();
    }
    const std::uint64_t most = total_ ? 2 * *total_ + kSlack : kMostMessages;
    if (guard_.repeats(anchor_) || listed_ > most) {
      throw Error(ErrorClass::Permanent,
                  printable(result.where) + ": the server's pages never end (" +
                      std::to_string(listed_) + " messages so far)",
                  "the server breaks RFC 8620 5.5; report it to whoever runs it");
    }
  }

  void adapt(const MethodResult& failed) {
    if (failed.too_much()) {
      lister_.ask_less(failed);
    } else if (failed.error == "anchorNotFound" && !anchor_.empty()) {
      step_back(failed);
    } else if (failed.error == "unsupportedSort" && sorted_) {
      sorted_ = false;
    } else {
      throw failure_of(failed);
    }
  }

  /// The anchor was deleted while we paged: goes on from an id before it, in ever longer steps, at last from the start.
  /// What is listed twice by that is known the second time.
  void step_back(const MethodResult& failed) {
    if (++steps_back_ > kMostStepsBack) {
      throw failure_of(failed);
    }
    const std::size_t step = std::min<std::size_t>(stride_, trail_.size());
    for (std::size_t i = 0; i < step; ++i) {
      on_trail_.erase(trail_.back());
      trail_.pop_back();
    }
    stride_ *= 2;
    reached_ = trail_.empty() ? 0 : reached_ - step;
    anchor_ = trail_.empty() ? std::string() : trail_.back();
    guard_ = LoopGuard();
  }

  Lister& lister_;
  std::string anchor_;
  std::deque<std::string> trail_;
  std::set<std::string> on_trail_;
  std::size_t stride_ = 1;
  unsigned steps_back_ = 0;
  LoopGuard guard_;
  std::optional<std::uint64_t> total_;
  std::uint64_t listed_ = 0;
  std::uint64_t reached_ = 0;  ///< messages up to the anchor
  bool sorted_ = true;
  bool asked_again_ = false;  ///< for the page that came empty too early
};

std::string email_state(Lister& lister) {
  json arguments;
  arguments["ids"] = json::array();
  arguments["properties"] = json::array({"id"});
  const MethodResult result = lister.call({make_call("Email/get", arguments)}, false).front();
  if (result.failed()) {
    throw failure_of(result);
  }
  return Fields(*result.arguments, result.where).text("state");
}

/// How many messages were deleted since that state. Nothing: the server cannot tell.
std::optional<std::uint64_t> destroyed_since(Lister& lister, std::string state) {
  std::uint64_t destroyed = 0;
  for (LoopGuard states; !states.repeats(state);) {
    json arguments;
    arguments["sinceState"] = state;
    arguments["maxChanges"] = lister.page_size();
    const MethodResult result = lister.call({make_call("Email/changes", arguments)}, true).front();
    if (result.failed()) {
      return std::nullopt;
    }
    const Fields fields(*result.arguments, result.where);
    destroyed += fields.ids("destroyed").size();
    if (!fields.flag_or("hasMoreChanges", false)) {
      return destroyed;
    }
    state = fields.text("newState");
  }
  return std::nullopt;
}

std::uint64_t total_now(Lister& lister) {
  json arguments;
  arguments["limit"] = 1;
  arguments["calculateTotal"] = true;
  const MethodResult result = lister.call({make_call("Email/query", arguments)}, true).front();
  if (result.failed()) {
    throw failure_of(result);
  }
  return Fields(*result.arguments, result.where).number("total");
}

/// A listing that is too short must not end: what it left out would count as removed, and no change would ever bring it.
void account_for(Lister& lister, const Paging& paging, const std::string& since) {
  const std::uint64_t missing = paging.missing();
  if (missing == 0) {
    return;
  }
  const auto destroyed = destroyed_since(lister, since);
  const bool explained =
      destroyed ? *destroyed >= missing : total_now(lister) <= paging.total() - missing;
  if (!explained) {
    throw Error(ErrorClass::Transient,
                "the server listed " + std::to_string(paging.total() - missing) + " of the " +
                    std::to_string(paging.total()) + " messages that it says it holds",
                "nothing was taken for removed; if it stays so, tell whoever runs the server");
  }
}

}  // namespace

States list_all(Lister& lister) {
  States states;
  states.email = email_state(lister);
  lister.emitter().listing_begin(lister.stream());
  states.mailbox = lister.tell_mailboxes();
  Paging paging(lister);
  paging.run();
  account_for(lister, paging, states.email);
  lister.emitter().listing_end(lister.stream());
  lister.emitter().checkpoint(lister.stream(), states.to_cursor());
  return states;
}

}  // namespace mailpipe::jmap
