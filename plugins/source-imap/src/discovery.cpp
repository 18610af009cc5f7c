#include "discovery.hpp"

#include "errors.hpp"
#include "mailbox_name.hpp"
#include "reply.hpp"

#include <mailpipe/host.hpp>
#include <mailpipe/printable.hpp>

#include <algorithm>
#include <array>
#include <set>
#include <unordered_map>
#include <utility>

namespace mailpipe::imap {

namespace {

using Namespace = NamespaceData::Entry;

std::string status_items(const Capabilities& can) {
  std::string items = "(UIDVALIDITY UIDNEXT MESSAGES";
  return items + (can.condstore() ? " HIGHESTMODSEQ)" : ")");
}

/// One conversation: what was said in it, until it is made into an Account.
class Discovery {
 public:
  Discovery(Session& session, const Settings& settings, Host& host)
      : session_(session),
        settings_(settings),
        host_(host),
        can_(session.capabilities()) {}

  Account run() {
    send_greetings();
    bool listed = false;
    if (can_.list_extended() && (can_.list_status() || can_.special_use())) {
      listed = list(extended_list());
    }
    if (!listed) {
      if (refusal_) {
        host_.log(LogLevel::Debug, "the server refuses LIST with RETURN, which it announces");
      }
      entries_.clear();
      statuses_.clear();
      plain_ = true;
      if (!list("LIST \"\" \"*\"")) {
        throw Error(ErrorClass::Permanent,
                    printable(settings_.host) + ": LIST: " + printable(refusal_->text));
      }
    }
    return account();
  }

 private:
  void send_greetings() {
    if (can_.id()) {
      session_.send(Command("ID (\"name\" \"mailpipe\")"),
                    std::make_shared<Reply>([this](const Untagged& said) { hear(said); }));
    }
    dialect_.condstore = can_.condstore();
    if (can_.enable() && can_.condstore()) {
      session_.send(Command(can_.qresync() ? "ENABLE QRESYNC" : "ENABLE CONDSTORE"),
                    std::make_shared<Reply>([this](const Untagged& said) { hear(said); },
                                            [this](const Completion& result) {
                                              dialect_.qresync = result.ok() && can_.qresync();
                                            }));
    }
    if (can_.ns()) {
      session_.send(Command("NAMESPACE"),
                    std::make_shared<Reply>([this](const Untagged& said) { hear(said); }));
    }
  }

  std::string extended_list() const {
    std::string options;
    const auto add = [&](bool wanted, const std::string& word) {
      if (wanted) {
        options += (options.empty() ? "" : " ") + word;
      }
    };
    add(can_.special_use(), "SPECIAL-USE");
    add(settings_.subscribed_only, "SUBSCRIBED");
    add(can_.list_status(), "STATUS " + status_items(can_));
    return R"(LIST "" "*" RETURN ()" + options + ")";
  }

  /// Whether the server took it.
  bool list(const std::string& command) {
    refusal_.reset();
    const auto hear = [this](const Untagged& said) { this->hear(said); };
    session_.send(Command(command), std::make_shared<Reply>(
                                        hear,
                                        [this](const Completion& result) {
                                          if (!result.ok()) {
                                            refusal_ = result;
                                          }
                                        },
                                        [this](const Error& why) { unreadable(why); }));
    if (plain_ && settings_.subscribed_only) {
      session_.send(Command(R"(LSUB "" "*")"),
                    std::make_shared<Reply>([this](const Untagged& said) {
                      if (const auto* entry = std::get_if<ListEntry>(&said)) {
                        subscribed_.insert(folded(entry->name));
                      }
                    }));
    }
    session_.finish();
    return !refusal_;
  }

  void hear(const Untagged& said) {
    if (const auto* entry = std::get_if<ListEntry>(&said)) {
      entries_.emplace(folded(entry->name), *entry);
    } else if (const auto* status = std::get_if<StatusData>(&said)) {
      statuses_.insert_or_assign(folded(status->name), *status);
    } else if (const auto* spaces = std::get_if<NamespaceData>(&said)) {
      spaces_ = *spaces;
    } else if (const auto* id = std::get_if<IdData>(&said)) {
      for (const auto& [name, value] : id->fields) {
        server_ = name == "name" ? value : server_;
      }
    }
  }

  void unreadable(const Error& why) {
    complete_ = false;
    host_.log(LogLevel::Warn,
              printable(settings_.host) + ": one answer to LIST could not be read: " + why.what());
  }

  Account account() {
    Account out;
    out.server = server_;
    out.complete = complete_;
    dialect_.esearch = can_.esearch();
    dialect_.email_id = can_.object_id();
    dialect_.gmail = can_.gmail();
    dialect_.guid = server_ == "Dovecot" && !dialect_.email_id;
    out.dialect = dialect_;
    for (auto& [key, entry] : entries_) {
      if (can_be_opened(entry)) {
        out.mailboxes.push_back(mailbox(key, entry));
      }
    }
    std::sort(out.mailboxes.begin(), out.mailboxes.end(),
              [](const MailboxInfo& a, const MailboxInfo& b) { return a.label < b.label; });
    if (out.mailboxes.empty()) {
      throw Error(ErrorClass::Permanent, printable(settings_.host) + ": lists no mailbox at all",
                  "every account has an INBOX; is the server being repaired?");
    }
    return out;
  }

  static bool can_be_opened(const ListEntry& entry) {
    return std::none_of(entry.attributes.begin(), entry.attributes.end(),
                        [](const std::string& attribute) {
                          return attribute == "\\noselect" || attribute == "\\nonexistent";
                        });
  }

  MailboxInfo mailbox(const std::string& key, const ListEntry& entry) const {
    MailboxInfo info;
    info.name = entry.name;
    const auto [space, foreign] = space_of(entry.name);
    const std::string prefix = space != nullptr && !foreign ? space->prefix : std::string();
    info.path = path_of(entry.name, entry.separator, prefix);
    info.label = label_of(info.path);
    if (foreign) {
      info.foreign = space->prefix.empty()
                         ? info.path.front()
                         : label_of(path_of(space->prefix, entry.separator)) + "/";
    }
    info.subscribed = subscribed_.contains(key);
    for (const std::string& attribute : entry.attributes) {
      info.role = info.role.empty() ? role_of_attribute(attribute) : info.role;
      info.subscribed = info.subscribed || attribute == "\\subscribed";
    }
    if (is_inbox(entry.name)) {
      info.role = "inbox";
    } else if (info.role.empty() && !can_.special_use() && !foreign) {
      info.role = role_of_habit(info.path);
    }
    if (const auto status = statuses_.find(key); status != statuses_.end()) {
      info.status = status->second;
    }
    return info;
  }

  /// The namespace with the longest prefix that the name has, and whether it is another user's or shared.
  std::pair<const Namespace*, bool> space_of(const std::string& name) const {
    std::pair<const Namespace*, bool> best{nullptr, false};
    if (is_inbox(name)) {
      return best;
    }
    const auto look = [&](const std::vector<Namespace>& spaces, bool foreign) {
      for (const Namespace& space : spaces) {
        if (name.starts_with(space.prefix) &&
            (best.first == nullptr || space.prefix.size() > best.first->prefix.size())) {
          best = {&space, foreign};
        }
      }
    };
    look(spaces_.personal, false);
    look(spaces_.others, true);
    look(spaces_.shared, true);
    return best;
  }

  Session& session_;
  const Settings& settings_;
  Host& host_;
  const Capabilities& can_;
  Dialect dialect_;
  std::unordered_map<std::string, ListEntry> entries_;
  std::unordered_map<std::string, StatusData> statuses_;
  std::set<std::string> subscribed_;
  NamespaceData spaces_;
  std::string server_;
  std::optional<Completion> refusal_;
  bool plain_ = false;
  bool complete_ = true;
};

/// What may be another thing at the next LIST; beside what command_error() knows.
bool may_pass(const Completion& result) {
  static constexpr auto kCodes =
      std::to_array<std::string_view>({"SERVERBUG", "NONEXISTENT", "EXPUNGEISSUED"});
  return std::find(kCodes.begin(), kCodes.end(), result.code.name) != kCodes.end();
}

/// RFC 8474 section 4: nothing else may be an id.
bool is_object_id(std::string_view text) {
  return !text.empty() && text.size() <= 255 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
}

}  // namespace

std::string object_id_in(std::string_view text) {
  if (text.size() > 2 && text.front() == '(' && text.back() == ')') {
    text = text.substr(1, text.size() - 2);
  }
  return is_object_id(text) ? std::string(text) : std::string();
}

void send_id(Session& session, const std::string& mailbox,
             std::function<void(const std::string&)> told,
             std::function<void(const Completion&)> done) {
  send_bounded(session, Command("STATUS").mailbox(mailbox).text(" (MAILBOXID)"),
               std::make_shared<Reply>(
                   [mailbox, told = std::move(told)](const Untagged& said) {
                     const auto* status = std::get_if<StatusData>(&said);
                     if (status != nullptr && folded(status->name) == folded(mailbox)) {
                       told(object_id_in(status->mailbox_id));
                     }
                   },
                   std::move(done)));
}

void ask_ids(Session& session, std::vector<MailboxInfo>& mailboxes) {
  for (MailboxInfo& mailbox : mailboxes) {
    send_id(session, mailbox.name, [&mailbox](const std::string& id) { mailbox.mailbox_id = id; });
  }
  session.finish();
}

std::string place_name(const Settings& settings, const std::string& label) {
  return printable(settings.host, 300) + ", mailbox " + printable(label, 300);
}

Error refused(const Settings& settings, const std::string& label, const char* command,
              const Completion& result) {
  const Error said = command_error(result, place_name(settings, label) + ": " + command);
  const bool limited = said.error_class() == ErrorClass::RateLimit;
  const bool passes = said.error_class() == ErrorClass::Transient || may_pass(result);
  Error error(limited  ? ErrorClass::RateLimit
              : passes ? ErrorClass::Transient
                       : ErrorClass::Permanent,
              said.what(), said.hint());
  error.retry_after(said.retry_after());
  return error;
}

Error unreadable(const Settings& settings, const std::string& label, const Error& why) {
  return {ErrorClass::Permanent, place_name(settings, label) + ": " + why.what(), why.hint()};
}

Account discover(Session& session, const Settings& settings, Host& host) {
  return Discovery(session, settings, host).run();
}

void ask_status(Session& session, const Settings& settings,
                const std::vector<MailboxInfo*>& mailboxes) {
  for (MailboxInfo* mailbox : mailboxes) {
    const Command command =
        Command("STATUS").mailbox(mailbox->name).text(" " + status_items(session.capabilities()));
    send_bounded(session, command,
                 std::make_shared<Reply>(
                     [mailbox](const Untagged& said) {
                       const auto* status = std::get_if<StatusData>(&said);
                       if (status != nullptr && folded(status->name) == folded(mailbox->name)) {
                         mailbox->status = *status;
                       }
                     },
                     [mailbox, &settings, command](const Completion& result) {
                       if (!result.ok()) {
                         mailbox->failed = refused(settings, mailbox->label, "STATUS", result);
                         mailbox->refused = command;
                       }
                     },
                     [mailbox, &settings](const Error& why) {
                       mailbox->failed = unreadable(settings, mailbox->label, why);
                     }));
  }
  session.finish();
}

}  // namespace mailpipe::imap
