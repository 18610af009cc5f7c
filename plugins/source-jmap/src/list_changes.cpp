#include "fields.hpp"
#include "lister.hpp"
#include "loop_guard.hpp"

#include <mailpipe/printable.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace mailpipe::jmap {

namespace {

using nlohmann::json;

constexpr std::size_t kLongestState = 10'000;
constexpr unsigned kMostEmptyPages = 100;  ///< one after another, each promising more

json back_reference(const char* path) {
  return {{"resultOf", "0"}, {"name", "Email/changes"}, {"path", path}};
}

/// Cyrus calls a state that it cannot read an invalid argument; the standard's word is cannotCalculateChanges (RFC 8620 5.2).
void call_it_lost(MethodResult& result) {
  if (result.error != "invalidArguments") {
    return;
  }
  const auto named = result.arguments->find("arguments");
  if (named != result.arguments->end() && named->is_array() &&
      std::find(named->begin(), named->end(), "sinceState") != named->end()) {
    result.error = "cannotCalculateChanges";
  }
}

/// What a /changes answer says (RFC 8620 5.2).
struct Changes {
  Changes(const MethodResult& result, const std::string& since)
      : fields(*result.arguments, result.where),
        new_state(fields.text("newState")),
        more(fields.flag_or("hasMoreChanges", false)),
        created(fields.ids("created")),
        updated(fields.ids("updated")),
        destroyed(fields.ids("destroyed")) {
    if (new_state.empty() || new_state.size() > kLongestState) {
      fields.refuse("\"newState\" is empty or too long");
    }
    if (fields.text_or("oldState", since) != since) {
      throw Error(ErrorClass::Transient,
                  printable(result.where) + ": the changes are not those since the state asked for",
                  "if it stays so, tell whoever runs the server");
    }
    if (more && new_state == since) {
      fields.refuse("there are more changes, but the state does not move on");
    }
  }

  bool empty() const noexcept { return created.empty() && updated.empty() && destroyed.empty(); }

  Fields fields;
  std::string new_state;
  bool more;
  std::vector<std::string> created;
  std::vector<std::string> updated;
  std::vector<std::string> destroyed;
};

/// Follows Email/changes and Mailbox/changes, one request a page. Ends when the server says so, or fails: a state that comes
/// again is a circle, and pages without a change do not go on for ever.
class Following {
 public:
  Following(Lister& lister, States from, bool just_listed)
      : lister_(lister),
        now_(std::move(from)),
        just_listed_(just_listed) {}

  void run() {
    while (next_page()) {
    }
  }

 private:
  bool next_page() {
    std::vector<MethodResult> results = lister_.call(
        {email_changes(), get("/created"), get("/updated"), mailbox_changes(now_.mailbox)}, false);
    call_it_lost(results[0]);
    call_it_lost(results[3]);
    const auto too_much =
        std::find_if(results.begin(), results.begin() + 3,
                     [](const MethodResult& result) { return result.too_much(); });
    if (too_much != results.begin() + 3) {
      lister_.ask_less(*too_much);
      return true;
    }
    if (just_listed_ && results[0].error == "cannotCalculateChanges") {
      lister_.host().log(
          LogLevel::Warn,
          "the server cannot tell what changed; each run will list the whole account");
      return false;
    }
    for (std::size_t i = 0; i < 3; ++i) {
      if (results[i].failed()) {
        throw failure_of(results[i]);
      }
    }
    const Changes changes(results[0], now_.email);
    guard(changes, results[0]);
    States next = now_;
    next.mailbox = follow_mailboxes(results[3]);
    tell(changes, results[1], results[2]);
    next.email = changes.new_state;
    if (next != now_) {
      lister_.emitter().checkpoint(lister_.stream(), next.to_cursor());
      now_ = next;
    }
    return changes.more;
  }

  MethodCall email_changes() const {
    json arguments;
    arguments["sinceState"] = now_.email;
    arguments["maxChanges"] = lister_.page_size();
    return make_call("Email/changes", arguments);
  }

  static MethodCall get(const char* path) {
    json arguments;
    arguments["#ids"] = back_reference(path);
    arguments["properties"] = email_properties();
    return make_call("Email/get", arguments);
  }

  static MethodCall mailbox_changes(const std::string& since) {
    json arguments;
    arguments["sinceState"] = since;
    return make_call("Mailbox/changes", arguments);
  }

  void guard(const Changes& changes, const MethodResult& result) {
    empty_pages_ = changes.empty() ? empty_pages_ + 1 : 0;
    if (changes.more && (guard_.repeats(changes.new_state) || empty_pages_ > kMostEmptyPages)) {
      throw Error(ErrorClass::Permanent,
                  printable(result.where) + ": the server's changes never end",
                  "the server breaks RFC 8620 5.2; report it to whoever runs it");
    }
  }

  void tell(const Changes& changes, const MethodResult& created, const MethodResult& updated) {
    const StreamId stream = lister_.stream();
    Emitter& emitter = lister_.emitter();
    EmailPage fresh = read_emails(created, lister_.account_id(), stream);
    EmailPage changed = read_emails(updated, lister_.account_id(), stream);
    fresh.require_all(changes.created, created.where);
    changed.require_all(changes.updated, updated.where);
    for (Item& item : fresh.items) {
      emitter.listed(std::move(item));
    }
    for (const std::string& id : changes.created) {
      if (fresh.found.count(id) == 0) {
        emitter.gone(stream, email_key(lister_.account_id(), id));
      }
    }
    for (Item& item :
         changed.items) {  // what is not found here was destroyed since: a later page says so
      emitter.changed(std::move(item));
    }
    for (const std::string& id : changes.destroyed) {
      emitter.removed(stream, email_key(lister_.account_id(), id));
    }
  }

  /// Tells of the mailboxes if their tree changed; returns their new state.
  std::string follow_mailboxes(MethodResult result) {
    std::vector<std::string> destroyed;
    bool tree_changed = false;
    LoopGuard states;
    std::string state = now_.mailbox;
    for (;;) {
      if (result.error == "cannotCalculateChanges") {
        return lister_.tell_mailboxes();
      }
      if (result.failed()) {
        throw failure_of(result);
      }
      const Changes changes(result, state);
      destroyed.insert(destroyed.end(), changes.destroyed.begin(), changes.destroyed.end());
      tree_changed = tree_changed || !changes.created.empty() ||
                     (!changes.updated.empty() && !only_counts(changes.fields));
      state = changes.new_state;
      if (!changes.more) {
        break;
      }
      if (states.repeats(state)) {
        changes.fields.refuse("the server's changes never end");
      }
      result = lister_.call({mailbox_changes(state)}, false).front();
    }
    if (tree_changed) {
      lister_
          .tell_mailboxes();  // its state is younger than `state`, and what happened in between is not lost that way
    }
    for (std::string& id : destroyed) {
      lister_.emitter().mailbox_removed(lister_.stream(), std::move(id));
    }
    return state;
  }

  /// RFC 8621 2.2: every new message changes the counts of its mailbox; that is nothing to us.
  static bool only_counts(const Fields& fields) {
    constexpr std::array<std::string_view, 4> kCounts = {"totalEmails", "unreadEmails",
                                                         "totalThreads", "unreadThreads"};
    if (!fields.has("updatedProperties")) {
      return false;
    }
    const std::vector<std::string> names = fields.texts("updatedProperties");
    return std::all_of(names.begin(), names.end(), [&](const std::string& name) {
      return std::find(kCounts.begin(), kCounts.end(), name) != kCounts.end();
    });
  }

  Lister& lister_;
  States now_;
  const bool just_listed_;
  LoopGuard guard_;
  unsigned empty_pages_ = 0;
};

}  // namespace

void list_changes(Lister& lister, const States& from, bool just_listed) {
  Following(lister, from, just_listed).run();
}

}  // namespace mailpipe::jmap
