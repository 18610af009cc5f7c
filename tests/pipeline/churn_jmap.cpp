// The churn over JMAP. See churn_actor.hpp.
#include "pipeline/churn_actor.hpp"
#include "support/cyrus_server.hpp"
#include "support/jmap_account.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <iterator>
#include <stdexcept>
#include <thread>

namespace mailpipe::test {
namespace {

using mailpipe::testing::CyrusServer;
using mailpipe::testing::JmapAccount;

std::string utc_date(std::int64_t instant) {
  const std::time_t seconds = instant;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 64> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

class JmapActor : public ChurnActor {
 public:
  JmapActor(const CyrusServer& server, const std::string& user, ChurnJournal& journal,
            std::uint32_t seed, Digest digest)
      : ChurnActor(journal, seed, std::move(digest)),
        account_(server, user) {
    deliver_again_ = false;  // the same octets are the same Email
    for (const char* name : {"Inbox", "Archive", "Sent"}) {
      boxes_[account_.mailbox(name)] = {name == std::string("Inbox") ? "INBOX" : name, {}, true};
    }
  }

 private:
  struct Box {
    std::string name, parent;
    bool kept = false;
  };

  struct Email {
    std::string digest;
    std::map<std::string, ChurnJournal::StayId> stays;  // by the mailbox's id
  };

  using Places = std::set<std::string>;

  const std::vector<Deed>& deeds() const override {
    static const std::vector<Deed> all = {
        {"delivered", 30, [](ChurnActor& a) { return of(a).deliver(); }},
        {"flagged", 16, [](ChurnActor& a) { return of(a).flag(); }},
        {"moved", 14, [](ChurnActor& a) { return of(a).move(true); }},
        {"copied", 8, [](ChurnActor& a) { return of(a).move(false); }},
        {"destroyed", 18, [](ChurnActor& a) { return of(a).destroy(); }},
        {"mailboxes created", 5, [](ChurnActor& a) { return of(a).create(); }},
        {"mailboxes renamed", 5, [](ChurnActor& a) { return of(a).rename(); }},
        {"mailboxes destroyed", 2, [](ChurnActor& a) { return of(a).remove(); }},
    };
    return all;
  }

  static JmapActor& of(ChurnActor& actor) { return dynamic_cast<JmapActor&>(actor); }

  template <class Map>
  typename Map::value_type& any(Map& map) {
    return *std::next(map.begin(), static_cast<std::ptrdiff_t>(below(map.size())));
  }

  std::string path(const std::string& id) const {
    const Box& box = boxes_.at(id);
    return box.parent.empty() ? box.name : path(box.parent) + "/" + box.name;
  }

  Places some_places() {
    Places out;
    for (std::size_t left = below(4) == 0 ? 2 : 1; left > 0; --left) {
      out.insert(any(boxes_).first);
    }
    return out;
  }

  void coming(const Email& email, const Places& to) {
    for (const std::string& place : to) {
      if (!email.stays.contains(place)) {
        journal_.coming(path(place), email.digest);
      }
    }
  }

  void arrived(const std::string& id, Email& email, const Places& to) {
    for (const std::string& place : to) {
      if (!email.stays.contains(place)) {
        email.stays[place] = journal_.arrived(path(place), email.digest, id);
      }
    }
  }

  bool deliver() {
    for (std::size_t left = some(1, 3, 3); left > 0; --left) {
      const Mail mail = next_mail();
      const Places to = some_places();
      Email email{mail.digest, {}};
      journal_.delivering(mail.digest);
      coming(email, to);
      const std::string id = account_.import_message(
          mail.octets, {to, keywords_of(mail.flags), utc_date(mail.received_at)});
      arrived(id, email, to);
      emails_[id] = email;
    }
    return true;
  }

  static std::set<std::string> keywords_of(const std::vector<std::string>& flags) {
    std::set<std::string> out;
    for (std::string flag : flags) {
      std::transform(flag.begin(), flag.end(), flag.begin(),
                     [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
      if (flag[0] == '\\') {
        flag[0] = '$';
      }
      out.insert(flag);
    }
    return out;
  }

  bool flag() {
    static const std::vector<std::set<std::string>> kSets = {
        {},         {"$seen"}, {"$seen", "$flagged"}, {"$answered", "$forwarded"},
        {"$draft"}, {"work"},  {"work", "later"},     {"$seen", "$junk"}};
    if (emails_.empty()) {
      return false;
    }
    for (std::size_t left = some(1, 3, 3); left > 0; --left) {
      account_.set_keywords(any(emails_).first, kSets[below(kSets.size())]);
    }
    return true;
  }

  /// To other mailboxes, or also to other ones.
  bool move(bool away) {
    if (emails_.empty()) {
      return false;
    }
    auto& [id, email] = any(emails_);
    Places to = some_places();
    if (!away) {
      for (const auto& [place, stay] : email.stays) {
        to.insert(place);
      }
    }
    journal_.hold(email.digest);
    coming(email, to);
    std::map<std::string, ChurnJournal::StayId> lost = email.stays;
    std::erase_if(lost, [&](const auto& one) { return to.contains(one.first); });
    for (const auto& [place, stay] : lost) {
      journal_.leaving(stay);
    }
    account_.move(id, to);
    arrived(id, email, to);
    for (const auto& [place, stay] : lost) {
      journal_.left(stay);
      email.stays.erase(place);
    }
    journal_.release(email.digest);
    return true;
  }

  bool destroy() {
    for (std::size_t left = some(1, 4, emails_.size()); left > 0; --left) {
      auto& [id, email] = any(emails_);
      for (const auto& [place, stay] : email.stays) {
        journal_.leaving(stay);
      }
      account_.destroy(id);
      for (const auto& [place, stay] : email.stays) {
        journal_.left(stay);
      }
      emails_.erase(std::string(id));
    }
    return true;
  }

  bool is_free(const std::string& name, const std::string& parent) const {
    return std::none_of(boxes_.begin(), boxes_.end(), [&](const auto& box) {
      return box.second.name == name && box.second.parent == parent;
    });
  }

  std::string any_name() {
    static const std::vector<std::string> kNames = {"Work",
                                                    "Lists",
                                                    "Old",
                                                    "A",
                                                    "B",
                                                    "C",
                                                    "Gr\xC3\xB6\xC3\x9F"
                                                    "e & \xF0\x9F\x93\xA7"};
    return kNames[below(kNames.size())];
  }

  bool create() {
    const std::string name = any_name();
    const auto& [id, box] = any(boxes_);
    const std::string parent =
        below(2) == 0 && !box.kept && box.parent.empty() ? id : std::string();
    if (!is_free(name, parent)) {
      return false;
    }
    boxes_[account_.create_mailbox(name, parent)] = {name, parent};
    return true;
  }

  bool rename() {
    auto& [id, box] = any(boxes_);
    const std::string name = any_name();
    if (box.kept || !is_free(name, box.parent)) {
      return false;
    }

    struct Moved {
      Email* email;
      std::string email_id, place, from;
      ChurnJournal::StayId stay;
    };

    std::vector<Moved> moved;
    for (auto& [email_id, email] : emails_) {
      for (const auto& [place, stay] : email.stays) {
        if (place == id || boxes_.at(place).parent == id) {
          moved.push_back({&email, email_id, place, {}, stay});
        }
      }
    }
    const std::string before = std::exchange(box.name, name);
    for (const Moved& one : moved) {
      journal_.coming(path(one.place), one.email->digest);
      journal_.hold(one.email->digest);
      journal_.leaving(one.stay);
    }
    account_.rename_mailbox(id, name);
    for (const Moved& one : moved) {
      one.email->stays[one.place] =
          journal_.arrived(path(one.place), one.email->digest, one.email_id);
      journal_.release(one.email->digest);
      journal_.left(one.stay);
    }
    return true;
  }

  bool remove() {
    const auto& [id, box] = any(boxes_);
    const bool parent = std::any_of(boxes_.begin(), boxes_.end(), [&id = id](const auto& one) {
      return one.second.parent == id;
    });
    if (box.kept || parent) {
      return false;
    }
    const std::string removed = id;
    for (const auto& [email_id, email] : emails_) {
      if (email.stays.contains(removed)) {
        journal_.leaving(email.stays.at(removed));
      }
    }
    destroy_mailbox(removed);
    for (auto at = emails_.begin(); at != emails_.end();) {
      Email& email = at->second;
      if (email.stays.contains(removed)) {
        journal_.left(email.stays.at(removed));
        email.stays.erase(removed);
      }
      at = email.stays.empty() ? emails_.erase(at) : std::next(at);
    }
    boxes_.erase(removed);
    return true;
  }

  /// Cyrus keeps deleted mailboxes under their name and the second, and refuses the second one of a name in a second.
  void destroy_mailbox(const std::string& id) {
    try {
      account_.destroy_mailbox(id);
    } catch (const std::runtime_error& error) {
      if (std::string(error.what()).find("Mailbox already exists") == std::string::npos) {
        throw;
      }
      std::this_thread::sleep_for(std::chrono::seconds(1));
      account_.destroy_mailbox(id);
    }
  }

  JmapAccount account_;
  std::map<std::string, Box> boxes_;     // by id
  std::map<std::string, Email> emails_;  // by id
};

}  // namespace

std::unique_ptr<ChurnActor> make_jmap_actor(const CyrusServer& server, const std::string& user,
                                            ChurnJournal& journal, std::uint32_t seed,
                                            ChurnActor::Digest digest) {
  return std::make_unique<JmapActor>(server, user, journal, seed, std::move(digest));
}

}  // namespace mailpipe::test
