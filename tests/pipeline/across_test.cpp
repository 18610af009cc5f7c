// Every source with every sink, with and without each filter.
#include "pipeline/across_fixture.hpp"
#include "support/sample_mail.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>
#include <tuple>

namespace mailpipe::test {
namespace {

using mailpipe::testing::make_sample;

constexpr std::int64_t kSince = 1420243200;  // 2015-01-03: some samples are older

struct FilterKind {
  const char* name;
  bool window, dedup, rename;
};

constexpr const char* kOdd =
    "Gr\xC3\xB6\xC3\x9F"
    "e & \xF0\x9F\x93\xA7";

constexpr FilterKind kFilters[] = {{"none", false, false, false},
                                   {"window", true, false, false},
                                   {"dedup", false, true, false},
                                   {"rename", false, false, true},
                                   {"all", true, true, true}};

void PrintTo(const FilterKind& kind, std::ostream* out) {
  *out << kind.name;
}

std::string yaml_of(const FilterKind& kind) {
  std::string out;
  out += kind.window ? "  - type: window\n    with: { since: 2015-01-03T00:00:00Z }\n" : "";
  out += kind.dedup ? "  - type: dedup\n" : "";
  out += kind.rename ? "  - type: rename\n    with:\n"
                       "      name: '{received_at:%Y}-{id}-{subject:slug,20}'\n"
                       "      mailboxes:\n"
                       "        - { match: '^(INBOX|Inbox)$', to: Kept/In }\n"
                       "        - { match: '^', to: Kept/ }\n"
                     : "";
  return out.empty() ? out : "filters:\n" + out;
}

std::string with_header(const std::string& id, const std::string& more, const std::string& body) {
  return "From: a@example.org\r\nTo: b@example.org\r\nDate: Mon, 1 Jan 2024 00:00:00 +0000\r\n"
         "Message-ID: <" +
         id + "@example.org>\r\n" + more + "\r\n" + body;
}

/// What servers take or refuse as they like.
std::vector<std::string> odd_messages() {
  const std::string plain = "Subject: odd\r\n";
  return {
      with_header("from", plain, "From me\r\n>From you\r\n>>From them\r\nFrom\r\n From\r\n"),
      with_header("from-first", plain, "From the first line\r\n\r\nFrom behind an empty one"),
      with_header("cut", plain, "no newline at the end"),
      with_header("cut", plain, ""),
      with_header("empty-lines", plain, "\r\n\r\n\r\n"),
      with_header("nul", plain, std::string("a\0b\r\n", 5)),
      with_header("cr", plain, "bare\rCR\r\r\nand two\r\n"),
      with_header("lf", plain, "bare\nLF\r\nFrom both\nFrom one\r\n"),
      with_header("long", plain, std::string(1U << 20U, 'x') + "\r\nFrom here\r\n"),
      with_header("8bit", "Subject: Gr\xC3\xBC\xC3\x9F\xE9 \xFF\r\nX-\xE4: y\r\n", "\xFF\xFE\r\n"),
      "Subject: no id\r\n\r\nbody\r\n",
      with_header("same", plain, "the first one\r\n"),
      with_header("same", plain, "another one\r\n"),
  };
}

/// One for each server, filled once; the pipelines only read it.
class Filled {
 public:
  Filled(std::unique_ptr<ImapAccount> account, const std::string& identity)
      : imap_(std::move(account)) {
    const auto names = imap_->list();
    for (const char* name : kMailboxes) {
      if (std::find(names.begin(), names.end(), name) == names.end()) {
        imap_->create(name);
      }
    }
    std::size_t sample = 0;
    for (const char* name : kMailboxes) {
      append_samples(name, sample, 7);
      sample += 7;
    }
    imap_->copy("INBOX", "4:7", "Lists/dev");
    for (const char* name : {"INBOX", "Archive"}) {  // no copy: two deliveries of one message
      append_samples(name, 900, 2);
    }
    for (const std::string& message : odd_messages()) {
      try {
        imap_->append("Archive", message);
      } catch (const std::runtime_error&) {
        ++refused_;
      }
    }
    mail_ = account_of(*imap_, identity);
  }

  const std::string& user() const { return imap_->user(); }

  const Account& mail() const { return mail_; }

  int refused() const { return refused_; }

 private:
  static constexpr const char* kMailboxes[] = {"INBOX", "Archive", "Lists/dev", kOdd};

  void append_samples(const char* mailbox, std::size_t first, std::size_t count) {
    for (std::size_t i = first; i < first + count; ++i) {
      const auto mail = make_sample(1, i);
      imap_->append(mailbox, mail.message, {mail.flags, mail.received_at});
    }
  }

  std::unique_ptr<ImapAccount> imap_;
  Account mail_;
  int refused_ = 0;
};

using Cell = std::tuple<Source, SinkKind, FilterKind>;

class Across : public AcrossRun, public ::testing::WithParamInterface<Cell> {
 protected:
  void SetUp() override {
    const Source source = std::get<0>(GetParam());
    need(source);
    if (IsSkipped() || HasFatalFailure()) {
      return;
    }
    static std::map<bool, std::unique_ptr<Filled>> accounts;
    const bool dovecot = source == Source::ImapDovecot;
    std::unique_ptr<Filled>& account = accounts[dovecot];
    if (!account) {
      account = std::make_unique<Filled>(fresh_account(source), dovecot ? "X-GUID" : "EMAILID");
    }
    filled_ = account.get();
    use(source, filled_->user());
    write(yaml_of(filters()) + "sinks:\n  - type: " + kind().type +
          "\n    with: { path: ./mail }\n");
  }

  static const SinkKind& kind() { return std::get<1>(GetParam()); }

  static const FilterKind& filters() { return std::get<2>(GetParam()); }

  /// What the filters leave, in the mailboxes that they choose.
  Account chosen() const {
    Account out;
    for (const auto& [mailbox, messages] : filled_->mail()) {
      const std::string renamed = "Kept/" + (mailbox == "INBOX" ? "In" : mailbox);
      for (const Held& one : messages) {
        if (!filters().window || one.received_at >= kSince) {
          out[filters().rename ? renamed : mailbox].push_back(one);
        }
      }
    }
    return out;
  }

  /// A message is listed once for each mailbox over IMAP, and once over JMAP.
  std::uint64_t listed_of(const Account& account) const {
    std::vector<std::string> all;
    for (const auto& [mailbox, messages] : account) {
      for (const Held& one : messages) {
        all.push_back(one.identity);
      }
    }
    return source_ == Source::JmapCyrus ? std::set<std::string>(all.begin(), all.end()).size()
                                        : all.size();
  }

  /// Where a sink lets them be chosen.
  void expect_names() const {
    for (const auto& [path, how] : snapshot(mail())) {
      const std::string name = std::filesystem::path(path).filename();
      if (kind().type == std::string("eml") && name.ends_with(".eml")) {
        EXPECT_EQ(name.substr(4, 1) == "-", filters().rename) << name;  // {received_at:%Y}-
      }
    }
  }

  const Filled* filled_ = nullptr;
};

TEST_P(Across, StoresWhatTheServerGivesAndThenNothing) {
  run_well();
  EXPECT_LE(filled_->refused(), 2);  // Cyrus takes no NUL and no bare LF
  const Contents expected = contents_for(kind(), chosen());
  const Contents found = kind().read(mail());
  // Over JMAP, and so for Cyrus, equal octets are one message in several mailboxes, not duplicates.
  if (source_ != Source::JmapCyrus && filters().dedup) {
    EXPECT_EQ(difference(each_once(in_one(expected)), in_one(found)), "");
  } else {
    EXPECT_EQ(difference(expected, found), "");
  }
  EXPECT_EQ(count("listed"), listed_of(filled_->mail()));
  EXPECT_EQ(count("filtered"), listed_of(filled_->mail()) - listed_of(chosen()));
  EXPECT_EQ(count("stored") + count("deduped"), listed_of(chosen()));
  expect_names();

  const auto before = snapshot(mail());
  run_well();
  EXPECT_EQ(downloads(), 0U);
  EXPECT_EQ(count("stored"), 0U);
  EXPECT_EQ(snapshot(mail()), before);
}

std::string name_of(const ::testing::TestParamInfo<Cell>& info) {
  const auto capital = [](std::string word) {
    word[0] = static_cast<char>(word[0] - 'a' + 'A');
    return word;
  };
  return ::testing::PrintToString(std::get<0>(info.param)) + "To" +
         capital(std::get<1>(info.param).type) + "With" + capital(std::get<2>(info.param).name);
}

INSTANTIATE_TEST_SUITE_P(
    All, Across,
    ::testing::Combine(::testing::Values(Source::JmapCyrus, Source::ImapCyrus, Source::ImapDovecot),
                       ::testing::ValuesIn(sink_kinds()), ::testing::ValuesIn(kFilters)),
    name_of);

}  // namespace
}  // namespace mailpipe::test
