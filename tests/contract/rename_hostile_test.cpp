// Names and mailboxes that mean harm, through the rename filter into the sinks.
#include "contract/maildir_fixture.hpp"
#include "eml_sink.hpp"
#include "file_digest.hpp"
#include "mbox_sink.hpp"
#include "rename_filter.hpp"
#include "support/hostile_texts.hpp"

#include <mailpipe/printable.hpp>
#include <mailpipe/testing/message.hpp>

#include <glib.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace mailpipe::test {
namespace {

using Json = nlohmann::json;

std::string base64(const std::string& text) {
  const CPtr<gchar, g_free> out(
      g_base64_encode(reinterpret_cast<const guchar*>(text.data()), text.size()));
  return out.get();
}

/// As it stands where a header can hold it, else as an encoded word.
std::string header_text(const std::string& text) {
  const bool raw = text.find_first_of(std::string("\r\n\0", 3)) == std::string::npos;
  return raw ? text : "=?utf-8?B?" + base64(text) + "?=";
}

/// A message for each text, which is its subject, its author, its mailbox and its server id.
std::vector<Message> hostile_mail() {
  std::vector<Message> out;
  for (const std::string& text : hostile_texts()) {
    Message one;
    one.item.key = "jmap:a:" + std::to_string(out.size());
    one.item.server_id = text;
    one.item.places = {mailbox_of({text})};
    one.item.received_at = std::chrono::sys_seconds(std::chrono::seconds(1706745598));
    one.octets = "From: " + header_text(text) +
                 " <a@example.org>\r\nSubject: " + header_text(text) + "\r\n\r\nbody of " +
                 one.item.key + "\r\n";
    one.item.size = one.octets.size();
    out.push_back(std::move(one));
  }
  return out;
}

/// What a file system that knows no case and normalises takes for the same name.
std::string folded(const std::string& name) {
  const CPtr<gchar, g_free> composed(g_utf8_normalize(name.c_str(), -1, G_NORMALIZE_NFKC));
  const CPtr<gchar, g_free> same(g_utf8_casefold(composed.get(), -1));
  return same.get();
}

bool is_harmless(std::string_view name) {
  while (!name.empty()) {
    const auto next = mailpipe::detail::decode_utf8(name);
    if (next.length == 0 || mailpipe::detail::is_unprintable(next.code) || next.code == '/') {
      return false;
    }
    name.remove_prefix(next.length);
  }
  return true;
}

/// A run of its own: filter, sink and folder.
struct Backup {
  std::unique_ptr<Sink> make(const std::string& sink) {
    const Options options(Json{{"path", (dir / "root").string()}, {"sync", "auto"}}.dump());
    if (sink == "eml") {
      return std::make_unique<eml::EmlSink>(options, host);
    }
    if (sink == "mbox") {
      const Options folder(Json{{"path", (dir / "root").string()}}.dump());
      return std::make_unique<mbox::MboxSink>(folder, host);
    }
    return std::make_unique<maildir::MaildirSink>(options, host);
  }

  /// Where each message came to lie, by key.
  std::map<std::string, std::string> store(const std::string& kind, const Json& options,
                                           const std::vector<Message>& mail) {
    rename::RenameFilter filter(Options(options.dump()), host);
    const std::unique_ptr<Sink> sink = make(kind);
    sink->open(false);
    std::map<std::string, std::string> out;
    std::vector<Staged> batch;
    for (const Message& one : mail) {
      Item item = one.item;
      const Body body = one.body();
      Verdict verdict = filter.judge(item, &body);
      item.name = verdict.name;
      if (!verdict.places.empty()) {
        item.places = {mailbox_of(verdict.places.at(0).path)};
      }
      batch.push_back(sink->store(item, body));
      out[item.key] = batch.back().placed.at(0).location;
    }
    sink->sync(SyncPhase::Data);
    for (const Staged& staged : batch) {
      sink->publish(staged);
    }
    sink->sync(SyncPhase::Names);
    return out;
  }

  TempDir dir{TempDir::fast_parent()};
  PosixFs posix;
  UnsyncedFs unsynced{posix};
  TestHost host{unsynced};
};

/// All files and folders below a folder, but for what the sink keeps for itself.
std::vector<fs::path> below(const fs::path& folder) {
  std::vector<fs::path> out;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    out.push_back(entry.path());
  }
  return out;
}

struct Case {
  std::string label;
  std::string name;
};

void PrintTo(const Case& one, std::ostream* out) {
  *out << one.name;
}

class HostileNames : public testing::TestWithParam<Case> {
 protected:
  const Json options{{"name", GetParam().name}};
  std::vector<Message> mail = hostile_mail();
};

TEST_P(HostileNames, AreAllDifferentFitIntoTheFolderAndLeaveTheOctetsAlone) {
  Backup run;
  const auto names = run.store("eml", options, mail);
  ASSERT_GE(mail.size(), 200U);
  std::set<std::string> different;
  for (const auto& [key, name] : names) {
    EXPECT_LE(name.size(), 255U);
    EXPECT_TRUE(name.ends_with(".eml") && name.size() > 4 && name.front() != '.') << name;
    EXPECT_TRUE(is_harmless(name)) << printable(name);
    // The server's own ids may differ in case alone, and on such a file system the sink numbers them.
    EXPECT_TRUE(different.insert(GetParam().label == "id" ? name : folded(name)).second) << name;
    const bool unnumbered =
        mail.at(std::stoul(key.substr(7))).item.server_id.find(" (2)") != std::string::npos;
    EXPECT_TRUE(unnumbered || !name.ends_with(" (2).eml")) << name;
  }
  for (const Message& one : mail) {
    EXPECT_EQ(slurp(run.dir / "root" / names.at(one.item.key)), one.octets);
  }
  for (const fs::path& one : below(run.dir.path())) {
    const auto inside = one.lexically_relative(run.dir.path());
    EXPECT_EQ(*inside.begin(), "root");
    EXPECT_LE(std::distance(inside.begin(), inside.end()), 2) << inside;
  }
}

TEST_P(HostileNames, AreTheSameInWhateverOrderTheMessagesCome) {
  Backup forward;
  const auto names = forward.store("eml", options, mail);
  std::reverse(mail.begin(), mail.end());
  Backup backward;
  EXPECT_EQ(backward.store("eml", options, mail), names);
}

INSTANTIATE_TEST_SUITE_P(
    Rename, HostileNames,
    testing::Values(Case{"subject", "{subject}"}, Case{"slug", "{received_at:%Y}_{subject:slug}"},
                    Case{"cut", "{subject:20}"}, Case{"cutOctets", "{subject:words,upper,33b}"},
                    Case{"all", "{mailbox}_{from}_{subject}_{id}_{key:8}"}, Case{"from", "{from}"},
                    Case{"mailbox", "{mailbox:lower}"}, Case{"id", "{id}"},
                    Case{"idAndSubject",
                         "{received_at:%Y%m%d_%H%M%S}_{key:10}_{id:9b}_{subject:50}"}),
    [](const auto& given) { return given.param.label; });

class HostileMailboxes : public testing::TestWithParam<std::string> {
 protected:
  std::vector<Message> mail = hostile_mail();
};

TEST_P(HostileMailboxes, StayInTheTreeEachInAMailboxOfItsOwn) {
  const Json options{{"mailbox", GetParam()}};
  Backup run;
  const auto locations = run.store("maildir", options, mail);
  std::map<fs::path, std::string> owners;
  for (const auto& [key, location] : locations) {
    const fs::path folder = fs::path(location).parent_path().parent_path();
    const auto [owner, fresh] = owners.emplace(folder, key);
    const auto& text = mail.at(std::stoul(key.substr(7))).item.server_id;
    const auto& other = mail.at(std::stoul(owner->second.substr(7))).item.server_id;
    // "" is no name, so that message stays where it was; INBOX is INBOX in any case.
    EXPECT_TRUE(fresh || g_ascii_strcasecmp(text.c_str(), other.c_str()) == 0)
        << printable(text) << " and " << printable(other);
  }
  for (const fs::path& one : below(run.dir.path())) {
    EXPECT_EQ(*one.lexically_relative(run.dir.path()).begin(), "root");
    EXPECT_LE(one.filename().string().size(), 255U);
  }
  for (const Message& one : mail) {
    EXPECT_EQ(slurp(run.dir / "root" / locations.at(one.item.key)), one.octets);
  }
}

TEST_P(HostileMailboxes, StayInTheFolderEachInAnMboxOfItsOwn) {
  const Json options{{"mailbox", GetParam()}};
  Backup run;
  const auto locations = run.store("mbox", options, mail);
  std::map<std::string, std::string> owners;
  const auto sink = run.make("mbox");
  sink->open(true);
  for (const auto& [key, location] : locations) {
    const Message& one = mail.at(std::stoul(key.substr(7)));
    const auto [owner, fresh] = owners.emplace(location.substr(0, location.rfind(':')), key);
    const auto& other = mail.at(std::stoul(owner->second.substr(7))).item.server_id;
    EXPECT_TRUE(fresh || g_ascii_strcasecmp(one.item.server_id.c_str(), other.c_str()) == 0)
        << printable(one.item.server_id) << " and " << printable(other);
    std::string octets;
    sink->read({key, "", location, one.octets.size(), one.digest()},
               [&](std::string_view piece) { octets += piece; });
    EXPECT_EQ(octets, one.octets);
  }
  for (const fs::path& one : below(run.dir.path())) {
    EXPECT_EQ(*one.lexically_relative(run.dir.path()).begin(), "root");
    EXPECT_LE(one.filename().string().size(), 255U);
    EXPECT_TRUE(is_harmless(one.filename().string())) << printable(one.filename().string());
  }
}

INSTANTIATE_TEST_SUITE_P(Rename, HostileMailboxes,
                         testing::Values("{mailbox}", "x/{mailbox}",
                                         "{received_at:%Y}/{mailbox}/y"));

TEST(HostileMailbox, ARuleCannotLeadOutOfTheTree) {
  const Json options{{"mailboxes", {{{"match", "(?s)^(.*)$"}, {"to", "\\1/../\\1/{id}"}}}}};
  Backup run;
  const std::vector<Message> mail = hostile_mail();
  EXPECT_EQ(run.store("maildir", options, mail).size(), mail.size());
  for (const fs::path& one : below(run.dir.path())) {
    EXPECT_EQ(*one.lexically_relative(run.dir.path()).begin(), "root");
    EXPECT_LE(one.filename().string().size(), 255U);
  }
}

}  // namespace
}  // namespace mailpipe::test
