// The churn over IMAP. See churn_actor.hpp.
#include "pipeline/churn_actor.hpp"
#include "support/imap_account.hpp"

#include <algorithm>
#include <iterator>
#include <stdexcept>

namespace mailpipe::test {
namespace {

using mailpipe::testing::ImapAccount;

class ImapActor : public ChurnActor {
 public:
  ImapActor(int port, const std::string& user, ChurnJournal& journal, std::uint32_t seed,
            Digest digest)
      : ChurnActor(journal, seed, std::move(digest)),
        account_(port, user) {
    for (const std::string& name : account_.list()) {
      opened(name);
    }
  }

 private:
  struct Here {
    std::string digest;
    ChurnJournal::StayId stay{};
  };

  struct Box {
    std::string uidvalidity;
    std::map<std::uint32_t, Here> mails;  // by UID
  };

  using Boxes = std::map<std::string, Box>;

  const std::vector<Deed>& deeds() const override {
    static const std::vector<Deed> all = {
        {"delivered", 30, [](ChurnActor& a) { return of(a).deliver(); }},
        {"flagged", 12, [](ChurnActor& a) { return of(a).flag(true); }},
        {"unflagged", 8, [](ChurnActor& a) { return of(a).flag(false); }},
        {"moved", 14, [](ChurnActor& a) { return of(a).move(); }},
        {"copied", 8, [](ChurnActor& a) { return of(a).copy(); }},
        {"expunged", 16, [](ChurnActor& a) { return of(a).expunge(); }},
        {"mailboxes created", 5, [](ChurnActor& a) { return of(a).create(); }},
        {"mailboxes renamed", 5, [](ChurnActor& a) { return of(a).rename(); }},
        {"mailboxes deleted", 2, [](ChurnActor& a) { return of(a).remove(); }},
    };
    return all;
  }

  static ImapActor& of(ChurnActor& actor) { return dynamic_cast<ImapActor&>(actor); }

  void opened(const std::string& name) {
    boxes_[name].uidvalidity =
        std::to_string(account_.status(name, "UIDVALIDITY").at("UIDVALIDITY"));
  }

  Boxes::value_type& any_box() {
    return *std::next(boxes_.begin(), static_cast<std::ptrdiff_t>(below(boxes_.size())));
  }

  /// One with mail, if a few tries find one.
  Boxes::value_type* any_full_box() {
    for (int i = 0; i < 5; ++i) {
      Boxes::value_type& box = any_box();
      if (!box.second.mails.empty()) {
        return &box;
      }
    }
    return nullptr;
  }

  std::vector<std::uint32_t> choose(const Box& box, std::size_t most) {
    std::vector<std::uint32_t> all;
    for (const auto& [uid, here] : box.mails) {
      all.push_back(uid);
    }
    std::vector<std::uint32_t> out;
    for (std::size_t left = some(1, most, all.size()); left > 0; --left) {
      const auto at = all.begin() + static_cast<std::ptrdiff_t>(below(all.size()));
      out.push_back(*at);
      all.erase(at);
    }
    std::sort(out.begin(), out.end());
    return out;
  }

  static std::string set_of(const std::vector<std::uint32_t>& uids) {
    std::string out;
    for (const std::uint32_t uid : uids) {
      out += (out.empty() ? "" : ",") + std::to_string(uid);
    }
    return out;
  }

  static std::string id(const Box& box, std::uint32_t uid) {
    return box.uidvalidity + ":" + std::to_string(uid);
  }

  void arrived(const std::string& name, std::uint32_t uid, const std::string& digest) {
    Box& box = boxes_.at(name);
    box.mails[uid] = {digest, journal_.arrived(name, digest, id(box, uid))};
  }

  bool deliver() {
    const std::string name = below(3) == 0 ? "INBOX" : any_box().first;
    for (std::size_t left = some(1, 4, 4); left > 0; --left) {
      const Mail mail = next_mail();
      journal_.delivering(mail.digest);
      journal_.coming(name, mail.digest);
      arrived(name, account_.append(name, mail.octets, {mail.flags, mail.received_at}),
              mail.digest);
    }
    return true;
  }

  bool flag(bool set) {
    static const std::vector<std::string> kFlags = {
        "\\Seen", "\\Flagged", "\\Answered", "$Forwarded", "work", "\\Seen \\Flagged later"};
    Boxes::value_type* box = any_full_box();
    if (box == nullptr) {
      return false;
    }
    const std::string uids = below(12) == 0 ? "1:*" : set_of(choose(box->second, 6));
    const std::string& flags = kFlags[below(kFlags.size())];
    set ? account_.add_flags(box->first, uids, flags)
        : account_.remove_flags(box->first, uids, flags);
    return true;
  }

  bool move() {
    Boxes::value_type* from = any_full_box();
    Boxes::value_type& to = any_box();
    if (from == nullptr || from == &to) {
      return false;
    }
    const auto uids = choose(from->second, 5);
    for (const std::uint32_t uid : uids) {
      const Here& here = from->second.mails.at(uid);
      journal_.coming(to.first, here.digest);
      journal_.hold(here.digest);
      journal_.leaving(here.stay);
    }
    for (const auto& [uid, there] : account_.move(from->first, set_of(uids), to.first)) {
      const Here here = from->second.mails.at(uid);
      arrived(to.first, there, here.digest);
      journal_.release(here.digest);
      journal_.left(here.stay);
      from->second.mails.erase(uid);
    }
    return true;
  }

  bool copy() {
    Boxes::value_type* from = any_full_box();
    Boxes::value_type& to = any_box();
    if (from == nullptr || from == &to) {
      return false;
    }
    const auto uids = choose(from->second, 3);
    for (const std::uint32_t uid : uids) {
      journal_.coming(to.first, from->second.mails.at(uid).digest);
    }
    for (const auto& [uid, there] : account_.copy(from->first, set_of(uids), to.first)) {
      arrived(to.first, there, from->second.mails.at(uid).digest);
    }
    return true;
  }

  bool expunge() {
    Boxes::value_type* box = any_full_box();
    if (box == nullptr) {
      return false;
    }
    const auto uids = choose(box->second, below(10) == 0 ? 12 : 4);
    for (const std::uint32_t uid : uids) {
      journal_.leaving(box->second.mails.at(uid).stay);
    }
    account_.expunge(box->first, set_of(uids));
    for (const std::uint32_t uid : uids) {
      journal_.left(box->second.mails.at(uid).stay);
      box->second.mails.erase(uid);
    }
    return true;
  }

  static bool is_inside(const std::string& name, const std::string& parent) {
    return name.starts_with(parent + "/");
  }

  bool has_inside(const std::string& name) const {
    return std::any_of(boxes_.begin(), boxes_.end(),
                       [&](const auto& box) { return is_inside(box.first, name); });
  }

  /// A name that no mailbox has, below one that is there; empty if the one that was drawn is not to be had.
  std::string free_name() {
    static const std::vector<std::string> kNames = {"Work",
                                                    "Lists",
                                                    "Lists/dev",
                                                    "Lists/ops",
                                                    "Old",
                                                    "Old/2023",
                                                    "A",
                                                    "B",
                                                    "A/B",
                                                    "C",
                                                    "Gr\xC3\xB6\xC3\x9F"
                                                    "e & \xF0\x9F\x93\xA7"};
    const std::string& name = kNames[below(kNames.size())];
    const std::size_t slash = name.rfind('/');
    const bool orphan = slash != std::string::npos && !boxes_.contains(name.substr(0, slash));
    return orphan || boxes_.contains(name) ? std::string() : name;
  }

  bool create() {
    const std::string name = free_name();
    if (name.empty()) {
      return false;
    }
    account_.create(name);
    opened(name);
    return true;
  }

  /// All but the ones that a server may want to keep.
  Boxes::value_type* any_plain_box() {
    Boxes::value_type& box = any_box();
    static const std::set<std::string> kKept = {"INBOX", "Archive", "Drafts",
                                                "Sent",  "Trash",   "Spam"};
    return kKept.contains(box.first) ? nullptr : &box;
  }

  bool rename() {
    Boxes::value_type* box = any_plain_box();
    const std::string to = free_name();
    if (box == nullptr || to.empty() || is_inside(to, box->first)) {
      return false;
    }
    const std::string from = box->first;
    std::vector<std::string> names;
    for (const auto& [name, here] : boxes_) {
      if (name == from || is_inside(name, from)) {
        names.push_back(name);
      }
    }
    for (const std::string& name : names) {
      going(name, to + name.substr(from.size()));
    }
    account_.rename(from, to);
    for (const std::string& name : names) {
      gone(name, to + name.substr(from.size()));
    }
    return true;
  }

  void going(const std::string& from, const std::string& to) {
    for (const auto& [uid, here] : boxes_.at(from).mails) {
      journal_.coming(to, here.digest);
      journal_.hold(here.digest);
      journal_.leaving(here.stay);
    }
  }

  void gone(const std::string& from, const std::string& to) {
    const Box box = std::move(boxes_.extract(from).mapped());
    opened(to);
    for (const auto& [uid, here] : box.mails) {
      arrived(to, uid, here.digest);
      journal_.release(here.digest);
      journal_.left(here.stay);
    }
  }

  bool remove() {
    Boxes::value_type* box = any_plain_box();
    if (box == nullptr || has_inside(box->first)) {
      return false;
    }
    for (const auto& [uid, here] : box->second.mails) {
      journal_.leaving(here.stay);
    }
    bool done = true;
    try {
      account_.remove(box->first);
    } catch (const std::runtime_error& refused) {
      // Cyrus keeps what is deleted under its name and the second; another of that name in the same one it refuses.
      done = false;
      if (std::string(refused.what()).find("already exists") == std::string::npos) {
        throw;
      }
    }
    for (const auto& [uid, here] : box->second.mails) {
      journal_.left(here.stay);
    }
    if (done) {
      boxes_.erase(box->first);
      return true;
    }
    for (auto& [uid, here] : box->second.mails) {
      journal_.coming(box->first, here.digest);
      here.stay = journal_.arrived(box->first, here.digest, id(box->second, uid));
    }
    return false;
  }

  ImapAccount account_;
  Boxes boxes_;  // by name
};

}  // namespace

std::unique_ptr<ChurnActor> make_imap_actor(int port, const std::string& user,
                                            ChurnJournal& journal, std::uint32_t seed,
                                            ChurnActor::Digest digest) {
  return std::make_unique<ImapActor>(port, user, journal, seed, std::move(digest));
}

}  // namespace mailpipe::test
