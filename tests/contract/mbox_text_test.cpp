#include "box_name.hpp"
#include "contract/mbox_fixture.hpp"
#include "postmark.hpp"
#include "support/process.hpp"

#include <set>

// Octets on their way into an mbox and back.
namespace mailpipe::test {
namespace {

struct MboxText : MboxTest {
  std::string location_of(const std::string& octets) {
    const auto sink = opened();
    return commit(*sink, {with_octets("M1", octets)})[0].location;
  }
};

/// What breaks other tools, by name.
std::vector<std::pair<std::string, std::string>> odd_messages() {
  const std::string head = "From: a@example.org\r\nSubject: x\r\n\r\n";
  std::string noise;
  std::uint32_t state = 7;  // the same octets in every run
  constexpr std::string_view kLetters = "\r\n>From \r\n\n\0x";
  for (int i = 0; i < 200'000; ++i) {
    state = state * 1'664'525U + 1'013'904'223U;
    noise += kLetters[(state >> 24) % 13];
  }
  std::string lines = head;
  for (int i = 0; i < 50'000; ++i) {
    lines += std::string(static_cast<std::size_t>(i % 7), '>') + "From me\r\n";
  }
  return {
      {"nothing", ""},
      {"one octet", "x"},
      {"one newline", "\r\n"},
      {"two newlines", "\r\n\r\n"},
      {"only LF", "\n"},
      {"only CR", "\r"},
      {"no body", head},
      {"From lines", head + "From me\r\n>From me\r\n>>From me\r\nFrom\r\nFromage\r\n>x\r\n>>\r\n"},
      {"a From line first", "From me\r\n\r\nbody\r\n"},
      {"a quoted From line first", ">From me\r\n\r\nbody\r\n"},
      {"From behind a bare CR", head + "x\rFrom me\r\n"},
      {"no final newline", head + "end"},
      {"CR at the end", head + "end\r"},
      {"From at the end", head + "From "},
      {"a part of From at the end", head + ">>Fro"},
      {"quotes at the end", head + ">>>"},
      {"NUL", head + std::string("a\0b\r\n\0", 6) + "\r\n"},
      {"bare CR", head + "a\rb\r\r\nc\r\n"},
      {"bare LF", "Subject: x\n\nFrom me\n\nbody\n"},
      {"bare LF and no final newline", "Subject: x\n\nFrom me"},
      {"mixed ends", head + "a\nFrom b\r\nc\n\r\n"},
      {"CR LF LF", head + "a\r\n\n"},
      {"a long line", head + std::string(1'000'000, 'x') + "\r\nFrom me\r\n"},
      {"a long line of quotes", head + std::string(1'000'000, '>') + "From me\r\n"},
      {"many From lines", lines},
      {"8-bit", head + "\xff\xfe\xc3\x28\r\n"},
      {"empty lines at the end", head + "a\r\n\r\n\r\n\r\n"},
      {"noise", noise},
  };
}

TEST_F(MboxText, GivesTheOctetsBackThatTheServerSent) {
  const auto sink = opened();
  std::vector<Message> messages;
  for (const auto& [name, octets] : odd_messages()) {
    messages.push_back(with_octets(name, octets));
  }
  const auto receipts = commit(*sink, messages);
  for (std::size_t i = 0; i < messages.size(); ++i) {
    EXPECT_TRUE(bytes_of(*sink, receipts[i]) == messages[i].octets) << messages[i].item.key;
  }
}

TEST_F(MboxText, GivesThemBackInWhateverPiecesTheyCome) {
  for (const auto& [name, octets] : odd_messages()) {
    if (octets.size() > 10'000) {
      continue;
    }
    const Message whole = with_octets("M", octets);
    const mbox::Ends ends = mbox::ends_of(whole.body());
    for (const std::size_t piece : {1U, 2U, 3U, 7U}) {
      std::string encoded;
      std::string decoded;
      mbox::Encoder encoder(ends, [&](std::string_view out) { encoded += out; });
      mbox::Decoder decoder(ends, [&](std::string_view out) { decoded += out; });
      for (std::size_t at = 0; at < octets.size(); at += piece) {
        encoder.add(std::string_view(octets).substr(at, piece));
      }
      encoder.finish();
      ASSERT_TRUE(encoded.ends_with('\n'));
      encoded.pop_back();  // the empty line
      for (std::size_t at = 0; at < encoded.size(); at += piece) {
        decoder.add(std::string_view(encoded).substr(at, piece));
      }
      decoder.finish();
      EXPECT_EQ(decoded, octets) << name << " in pieces of " << piece;
    }
  }
}

TEST_F(MboxText, NoLineOfAMessageIsAPostmark) {
  const auto sink = opened();
  std::vector<Message> messages;
  for (const auto& [name, octets] : odd_messages()) {
    messages.push_back(with_octets(name, octets));
  }
  commit(*sink, messages);
  const std::string box = "\n" + text("INBOX");
  std::size_t postmarks = 0;
  for (std::size_t at = box.find("\nFrom "); at != std::string::npos;
       at = box.find("\nFrom ", at + 1)) {
    ++postmarks;
  }
  EXPECT_EQ(postmarks, messages.size());
}

TEST_F(MboxText, QuotesAsMboxrdDoes) {
  const auto sink = opened();
  commit(*sink, {with_octets("M1", "From a\r\n>From b\r\n From c\r\nFromage\r\n")});
  EXPECT_EQ(text("INBOX"),
            "From MAILER-DAEMON Tue Nov 14 22:13:20 2023\n"
            ">From a\n>>From b\n From c\nFromage\n\n");
}

TEST_F(MboxText, AScanGivesBackACrThatEndsAMessage) {
  const Message one = with_octets("M1", "Subject: x\r\n\r\nno line ends here\r");
  const auto sink = opened();
  commit(*sink, {one});
  const auto found = found_in(*sink);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].digest, one.digest());
}

TEST_F(MboxText, LocationsSayWhatLineEndsDoNot) {
  EXPECT_EQ(location_of("a\r\nb\r\n"), "INBOX:0");
  EXPECT_TRUE(location_of("a\nb\n").ends_with(";raw"));
  EXPECT_TRUE(location_of("a\r\nb").ends_with(";cut"));
  EXPECT_TRUE(location_of("a\nb").ends_with(";raw;cut"));
}

TEST_F(MboxText, PythonFindsTheSameMessages) {
  const auto sink = opened();
  std::vector<Message> messages;
  for (const auto& [name, octets] : odd_messages()) {
    messages.push_back(with_octets(name, octets));
  }
  commit(*sink, messages);
  // Its get_bytes() leaves the closing empty line and the quoting.
  std::ofstream(dir / "read.py") << R"(import mailbox, re, sys
box = mailbox.mbox(sys.argv[1], create=False)
for key in box.keys():
    text = box.get_bytes(key)
    print(len(re.sub(rb'(?m)^>(>*From )', rb'\1', text)))
)";
  const Finished read =
      Process({"/usr/bin/env", "python3", (dir / "read.py").string(), (root / "INBOX").string()})
          .wait();
  ASSERT_EQ(read.exit_code, 0) << read.err;
  std::string expected;
  for (const Message& each : messages) {
    const mbox::Ends ends = mbox::ends_of(each.body());
    std::size_t size = each.octets.size() + (ends.cut ? 1 : 0);
    for (std::size_t at = 0; !ends.raw && (at = each.octets.find("\r\n", at)) != std::string::npos;
         ++at) {
      --size;
    }
    expected += std::to_string(size) + "\n";
  }
  EXPECT_EQ(read.out, expected);
}

std::string postmark_of(const std::string& octets, std::int64_t time = 1'700'000'000) {
  const Message one = with_octets("M", octets);
  return mbox::postmark(one.body(), std::chrono::sys_seconds(std::chrono::seconds(time)));
}

TEST_F(MboxText, ThePostmarkHasSenderAndArrivalInUtc) {
  EXPECT_EQ(postmark_of("Received: x\r\nReturn-Path: <a.b+c@example.org>\r\n\r\n"),
            "From a.b+c@example.org Tue Nov 14 22:13:20 2023\n");
  EXPECT_EQ(postmark_of("return-path: a@example.org\n\n", 1'709'164'800),
            "From a@example.org Thu Feb 29 00:00:00 2024\n");
}

TEST_F(MboxText, ASenderThatAReaderCouldMistakeIsLeftOut) {
  for (const std::string sender :
       {"<>", "", "a b@example.org", "a@example.org\rx", "\xff@example.org", "<a@b> <c@d>",
        "\"a b\"@example.org", "nobody", "a(comment)@b"}) {
    EXPECT_TRUE(
        postmark_of("Return-Path: " + sender + "\r\n\r\n").starts_with("From MAILER-DAEMON "))
        << sender;
  }
  EXPECT_TRUE(postmark_of("Subject: x\r\n\r\nReturn-Path: <a@example.org>\r\n")
                  .starts_with("From MAILER-DAEMON "));
}

TEST_F(MboxText, ThePostmarkIsReadBack) {
  for (const std::int64_t time : {0L, 1'700'000'000L, 4'102'444'799L}) {
    EXPECT_EQ(mbox::time_of(postmark_of("", time)),
              std::chrono::sys_seconds(std::chrono::seconds(time)));
  }
  EXPECT_TRUE(postmark_of("", -5).ends_with("Thu Jan  1 00:00:00 1970\n"));
  EXPECT_EQ(mbox::time_of("From nobody\n"), std::nullopt);
}

TEST_F(MboxText, NamesOfBoxesAreReversibleAndStayInTheRoot) {
  const std::vector<std::vector<std::string>> mailboxes = {{"INBOX"},
                                                           {"Lists"},
                                                           {"Lists", "mutt"},
                                                           {"Lists.sbd", "mutt"},
                                                           {"Lists.sbd"},
                                                           {"a.lock"},
                                                           {"A.MSF"},
                                                           {"..", "etc"},
                                                           {".hidden"},
                                                           {"a/b"},
                                                           {"a", "b"},
                                                           {""},
                                                           {"", "x"},
                                                           {"%2Esbd"},
                                                           {"x%2Esbd"},
                                                           {"Entwürfe"},
                                                           {"\xff\xfe"},
                                                           {"a\nb"},
                                                           {"100%"},
                                                           {"%00"},
                                                           {std::string(1, '\0')},
                                                           {"%65mpty"},
                                                           {"a.sbd.sbd"},
                                                           {"Sent", "Inbox"}};
  std::set<std::string> names;
  for (const auto& mailbox : mailboxes) {
    const std::string name = mbox::box_name(mailbox);
    EXPECT_TRUE(mbox::is_box_name(name)) << name;
    EXPECT_TRUE(names.insert(name).second) << name;
    EXPECT_EQ(mbox::mailbox_of(name), mailbox) << name;
  }
  EXPECT_EQ(mbox::box_name({"Lists", "mutt"}), "Lists.sbd/mutt");
  EXPECT_EQ(mbox::box_name({"inbox"}), "INBOX");
}

TEST_F(MboxText, ALongNameIsCutAndItsMailboxKept) {
  const std::string name(1'000, 'n');
  const auto sink = opened();
  commit(*sink, {in(message("M1", "x"), {{name, name}})});
  const auto found = found_in(*opened());
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].path, (std::vector<std::string>{name, name}));
}

}  // namespace
}  // namespace mailpipe::test
