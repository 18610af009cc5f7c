#include "fields.hpp"
#include "lister.hpp"
#include "loop_guard.hpp"

#include <mailpipe/printable.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <deque>
#include <optional>

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
      return false;
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
    stride_ = 1;
    trail_.insert(trail_.end(), ids.begin(), ids.end());
    while (trail_.size() > kTrail) {
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
    trail_.erase(trail_.end() - static_cast<std::ptrdiff_t>(step), trail_.end());
    stride_ *= 2;
    anchor_ = trail_.empty() ? std::string() : trail_.back();
    guard_ = LoopGuard();
  }

  Lister& lister_;
  std::string anchor_;
  std::deque<std::string> trail_;
  std::size_t stride_ = 1;
  unsigned steps_back_ = 0;
  LoopGuard guard_;
  std::optional<std::uint64_t> total_;
  std::uint64_t listed_ = 0;
  bool sorted_ = true;
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

}  // namespace

States list_all(Lister& lister) {
  States states;
  states.email = email_state(lister);
  states.mailbox = lister.tell_mailboxes();
  lister.emitter().listing_begin(lister.stream());
  Paging(lister).run();
  lister.emitter().listing_end(lister.stream());
  lister.emitter().checkpoint(lister.stream(), states.to_cursor());
  return states;
}

}  // namespace mailpipe::jmap
