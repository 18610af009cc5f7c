#include "lister.hpp"

#include "fields.hpp"
#include "loop_guard.hpp"
#include "mailbox_tree.hpp"

#include <mailpipe/printable.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>

namespace mailpipe::jmap {

namespace {

using nlohmann::json;
using std::chrono::milliseconds;

constexpr std::uint64_t kLargestPage = 1000;
constexpr int kTries = 5;

/// A wait beyond this is the engine's to decide: it knows how much patience the run has.
constexpr milliseconds kLongestOwnPause = std::chrono::seconds(10);

/// 0.25, 0.5, 1, ... seconds, or what the server asked for.
milliseconds pause_after(const Error& error, int failures) {
  const milliseconds own = milliseconds(250LL << std::min(failures, 6));
  return std::max(own, error.retry_after());
}

}  // namespace

Lister::Lister(Api& api, Host& host, Emitter& emitter, StreamId stream)
    : api_(api),
      host_(host),
      emitter_(emitter),
      stream_(stream),
      page_size_(std::min(kLargestPage, api.session().max_objects_in_get)) {}

std::vector<MethodResult> Lister::call(const std::vector<MethodCall>& calls, bool patient) {
  for (int failures = 0;; ++failures) {
    if (host_.cancelled() != Cancel::Running) {
      throw Error(ErrorClass::Cancelled, "stopped");
    }
    try {
      std::vector<MethodResult> results = api_.call(calls);
      for (const MethodResult& result : results) {
        if (!result.failed()) {
          continue;
        }
        const Error error = failure_of(result);
        if (may_pass(error.error_class())) {
          throw error;
        }
      }
      return results;
    } catch (const Error& error) {
      if (!patient || !may_pass(error.error_class()) || failures + 1 == kTries ||
          error.retry_after() > kLongestOwnPause) {
        throw;
      }
      host_.log(LogLevel::Warn, std::string(error.what()) + "; trying again");
      host_.wait(pause_after(error, failures));
    }
  }
}

void Lister::ask_less(const MethodResult& failed) {
  if (page_size_ == 1) {
    throw failure_of(failed);
  }
  page_size_ /= 2;
  host_.log(LogLevel::Debug, "the server has too much to do for one answer; asking for " +
                                 std::to_string(page_size_) + " messages at a time");
}

void Lister::tell(const std::vector<MailboxRow>& rows) {
  for (Mailbox& mailbox : with_paths(rows)) {
    emitter_.mailbox(stream_, std::move(mailbox));
  }
}

std::string Lister::tell_mailboxes() {
  json arguments;
  arguments["ids"] = nullptr;
  arguments["properties"] = json::array({"id", "name", "parentId", "role"});
  const MethodResult result = call({make_call("Mailbox/get", arguments)}, true).front();
  if (result.too_much()) {
    return tell_paged_mailboxes();
  }
  if (result.failed()) {
    throw failure_of(result);
  }
  tell(read_mailboxes(result));
  return Fields(*result.arguments, result.where).text("state");
}

/// For an account with more mailboxes than the server gives at once.
std::string Lister::tell_paged_mailboxes() {
  std::vector<MailboxRow> rows;
  std::string state;
  LoopGuard guard;
  for (;;) {
    json query;
    query["position"] = rows.size();
    query["limit"] = page_size_;
    json get;
    get["#ids"] = {{"resultOf", "0"}, {"name", "Mailbox/query"}, {"path", "/ids"}};
    get["properties"] = json::array({"id", "name", "parentId", "role"});
    const std::vector<MethodResult> results =
        call({make_call("Mailbox/query", query), make_call("Mailbox/get", get)}, true);
    for (const MethodResult& result : results) {
      if (result.failed()) {
        throw failure_of(result);
      }
    }
    std::vector<MailboxRow> page = read_mailboxes(results[1]);
    // The oldest state: what changed while paging is then in the changes since it.
    state = state.empty() ? Fields(*results[1].arguments, results[1].where).text("state") : state;
    if (page.empty()) {
      break;
    }
    if (guard.repeats(page.back().id)) {
      throw Error(ErrorClass::Permanent,
                  printable(results[0].where) + ": the server's pages never end");
    }
    std::move(page.begin(), page.end(), std::back_inserter(rows));
  }
  tell(rows);
  return state;
}

}  // namespace mailpipe::jmap
