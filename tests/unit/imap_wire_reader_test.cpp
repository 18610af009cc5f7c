#include "imap_transcript.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace {

using namespace std::string_literals;
using mailpipe::imap::Transcript;

struct Row {
  const char* name;
  std::string octets;
  std::string told;
};

void PrintTo(const Row& row, std::ostream* out) {
  *out << row.name;
}

const std::string kNext = "a2 OK done\r\n";
const std::string kNextTold = "tagged a2 OK done\n";

// What servers send, and what reliability-and-speed.md A4, A5 and G found libetpan to do with it.
const std::vector<Row> kRows = {
    // ---- tagged lines and words for people
    {"TaggedOk", "a1 OK done\r\n", "tagged a1 OK done\n"},
    {"TaggedWithoutText", "a1 OK\r\n", "tagged a1 OK\n"},
    {"TaggedWithoutTextButASpace", "a1 NO \r\n", "tagged a1 NO\n"},
    {"TaggedInLowerCase", "a1 ok Done\r\n", "tagged a1 OK Done\n"},
    {"TaggedCode", "a1 NO [OVERQUOTA] Too much\r\n", "tagged a1 NO [OVERQUOTA] Too much\n"},
    {"TaggedCodeWithoutText", "a1 OK [READ-ONLY]\r\n", "tagged a1 OK [READ-ONLY]\n"},
    {"TagWithADot", "foo.99 BAD what\r\n", "tagged foo.99 BAD what\n"},
    {"TaggedThatIsNone", "a1 MAYBE done\r\n",
     "LOST: the server's answer cannot be followed: \"a1 MAYBE done\"\n"},
    {"BracesInWordsAreNoLiteral", "* OK hello {5}\r\n" + kNext, "OK hello {5}\n" + kNextTold},
    {"QuoteInWordsIsNoString", "* OK say \"hello\r\n" + kNext, "OK say \"hello\n" + kNextTold},
    {"Continuation", "+ go on\r\n", "+ go on\n"},
    {"EmptyContinuation", "+ \r\n+\r\n", "+ \n+ \n"},
    {"UntaggedOkWithoutText", "* OK\r\n", "OK\n"},
    {"UnknownCode", "* OK [WEIRD (a \"b]\")] hm\r\n", "OK [WEIRD|(a \"b]\")] hm\n"},
    {"CodeWithoutEnd", "* OK [WEIRD hm\r\n", "OK [WEIRD hm\n"},
    {"Closed", "* OK [CLOSED]\r\n", "OK [CLOSED]\n"},
    {"UidValidity", "* OK [UIDVALIDITY 4294967295] ok\r\n", "OK [UIDVALIDITY|4294967295] ok\n"},
    {"UidValidityTooLarge", "* OK [UIDVALIDITY 4294967301] ok\r\n" + kNext,
     "UNREADABLE: a number is too large\n" + kNextTold},
    {"HighestModseqTooLarge", "* OK [HIGHESTMODSEQ 9223372036854775808]\r\n",
     "UNREADABLE: a number is too large\n"},
    {"NoModseq", "* OK [NOMODSEQ] no\r\n", "OK [NOMODSEQ] no\n"},
    {"Bye", "* BYE [UNAVAILABLE] later\r\n", "bye [UNAVAILABLE] later\n"},
    {"Preauth", "* PREAUTH [CAPABILITY IMAP4rev1] hi\r\n", "preauth [CAPABILITY|IMAP4rev1] hi\n"},
    {"LineEndWithoutCarriageReturn", "* 3 EXISTS\na2 OK done\n", "exists 3\n" + kNextTold},
    {"EmptyLine", "\r\n* 3 EXISTS\r\n", "exists 3\n"},

    // ---- untagged
    {"UnknownUntagged", "* SOMETHING (x) {3}\r\nabc y\r\n" + kNext,
     "unknown SOMETHING\n" + kNextTold},
    {"Recent", "* 3 RECENT\r\n", "passed over RECENT\n"},
    {"Flags", "* FLAGS (\\Seen a)\r\n", "passed over FLAGS\n"},
    {"Expunge", "* 44 EXPUNGE\r\n", "expunge 44\n"},
    {"ExistsTooLarge", "* 4294967296 EXISTS\r\n", "UNREADABLE: a number is too large\n"},
    {"Capability", "* CAPABILITY IMAP4rev1  Idle\r\n", "can (IDLE|IMAP4REV1)\n"},
    {"Enabled", "* ENABLED QRESYNC\r\n", "enabled (QRESYNC)\n"},
    {"Id", "* ID (\"Name\" \"Cyrus\" \"os\" NIL)\r\n", "id name=Cyrus os=\n"},
    {"IdNil", "* ID NIL\r\n", "id\n"},
    {"Namespace", "* NAMESPACE ((\"\" \"/\")(\"b.\" \".\")) NIL ((\"#p\" NIL))\r\n",
     "namespace <>/<b.>.;;<#p>NIL\n"},
    {"NamespaceExtension",
     "* NAMESPACE ((\"INBOX.\" \".\" \"X-PARAM\" (\"FLAG1\" \"F2\"))) NIL NIL\r\n",
     "namespace <INBOX.>.;;\n"},

    // ---- LIST and STATUS
    {"List", "* LIST (\\HasNoChildren \\Sent) \"/\" \"a b\"\r\n",
     "list (\\hasnochildren|\\sent) / <a b>\n"},
    {"ListNoselect", "* LIST (\\Noselect \\NoInferiors) \".\" x\r\n",
     "list (\\noselect|\\noinferiors) . <x>\n"},
    {"ListFlat", "* LIST () NIL INBOX\r\n", "list () NIL <INBOX>\n"},
    {"ListEscapes", "* LIST () \"\\\\\" \"a\\\\b\\\"c\"\r\n", "list () \\ <a\\b\"c>\n"},
    {"ListLiteral", "* LIST () \"/\" {5}\r\na\"b\r\n\r\n", "list () / <a\"b\r\n>\n"},
    {"ListLiteralThatEndsLikeOne", "* LIST () \"/\" {3}\r\n{9}\r\n" + kNext,
     "list () / <{9}>\n" + kNextTold},
    {"ListLiteralOfNothing", "* LIST () \"/\" {0}\r\n\r\n" + kNext, "list () / <>\n" + kNextTold},
    {"ListUtf8", "* LIST () \"/\" \"B\xc3\xbc\x63her\"\r\n", "list () / <B\xc3\xbc\x63her>\n"},
    {"ListNumber", "* LIST () \"/\" 2024\r\n", "list () / <2024>\n"},
    {"ListPercent", "* LIST () \"/\" 100%\r\n", "list () / <100%>\n"},
    {"ListBrackets", "* LIST () \"/\" [Gmail]/Spam\r\n", "list () / <[Gmail]/Spam>\n"},
    {"ListUpwardsIsHandedOn", "* LIST () \"/\" ../../etc\r\n", "list () / <../../etc>\n"},
    {"ListChildInfo", "* LIST () \"/\" x (\"CHILDINFO\" (\"SUBSCRIBED\"))\r\n", "list () / <x>\n"},
    {"ListOldName", "* LIST () \"/\" new (\"OLDNAME\" (\"old\"))\r\n", "list () / <new>\n"},
    {"ListNulInName", "* LIST () \"/\" {3}\r\na\0c\r\n"s + kNext,
     "UNREADABLE: it has a NUL\n" + kNextTold},
    {"NulInLine", "* LIST () \"/\" a\0c\r\n"s + kNext, "UNREADABLE: it has a NUL\n" + kNextTold},
    {"NulInWords", "* OK a\0c\r\n"s + kNext, "UNREADABLE: it has a NUL\n" + kNextTold},
    {"ListWithoutName", "* LIST () \"/\"\r\n" + kNext,
     "UNREADABLE: a word is missing\n" + kNextTold},
    {"ListOpenQuote", "* LIST () \"/\" \"x\r\n" + kNext,
     "UNREADABLE: a quoted string does not end\n" + kNextTold},
    {"Status", "* STATUS \"a \\\"b\\\\\" (MESSAGES 3 UIDNEXT 7 UIDVALIDITY 1 HIGHESTMODSEQ 99)\r\n",
     "status <a \"b\\> validity=1 next=7 messages=3 modseq=99\n"},
    {"StatusLiteral", "* STATUS {3}\r\na\"b (MESSAGES 3)\r\n", "status <a\"b> messages=3\n"},
    {"StatusSizeAndId", "* STATUS x (SIZE 99999999999 MAILBOXID (F1-2) DELETED 3)\r\n",
     "status <x> id=F1-2\n"},
    {"StatusTooLarge", "* STATUS x (UIDNEXT 4294967300)\r\n",
     "UNREADABLE: a number is too large\n"},
    {"StatusTrailingSpace", "* STATUS x (MESSAGES 3 ) \r\n", "status <x> messages=3\n"},

    // ---- SEARCH and its kin
    {"Search", "* SEARCH 5 3 4 9\r\n", "search 3:5,9\n"},
    {"SearchNothing", "* SEARCH\r\n", "search \n"},
    {"SearchTrailingSpace", "* SEARCH 2 \r\n", "search 2\n"},
    {"SearchModseq", "* SEARCH 2 5 (MODSEQ 917162500)\r\n", "search 2,5 modseq=917162500\n"},
    {"SearchTooLarge", "* SEARCH 4294967300\r\n", "UNREADABLE: a number is too large\n"},
    {"SearchZero", "* SEARCH 0\r\n", "UNREADABLE: SEARCH has something that is no UID\n"},
    {"Esearch", "* ESEARCH (TAG \"A285\") UID ALL 1:3,7 COUNT 4 MODSEQ 12\r\n",
     "search 1:3,7 modseq=12\n"},
    {"EsearchNothing", "* ESEARCH (TAG \"A285\") UID\r\n", "search \n"},
    {"EsearchUnknown", "* ESEARCH UID PARTIAL (-1:-100 4) ALL 5\r\n", "search 5\n"},
    {"EsearchTooLarge", "* ESEARCH UID ALL 1:4294967300\r\n",
     "UNREADABLE: a set of UIDs that is none\n"},
    {"Vanished", "* VANISHED 405,407\r\n", "vanished 405,407\n"},
    {"VanishedEarlier", "* VANISHED (EARLIER) 41,43:116\r\n", "vanished earlier 41,43:116\n"},

    // ---- FETCH
    {"Fetch",
     "* 1 FETCH (UID 5 FLAGS (\\Seen $Fwd) INTERNALDATE \"17-Jul-1996 02:44:25 -0700\" "
     "RFC822.SIZE 44 MODSEQ (624140003))\r\n",
     "fetch 5 flags(\\Seen|$Fwd) size=44 date=837596665 modseq=624140003\n"},
    {"FetchNoFlags", "* 1 FETCH (UID 5 FLAGS ())\r\n", "fetch 5 flags()\n"},
    {"FetchOddFlags", "* 1 FETCH (FLAGS (a{b 100% \\Seen) UID 5)\r\n",
     "fetch 5 flags(a{b|100%|\\Seen)\n"},
    {"FetchBadDate", "* 1 FETCH (UID 5 INTERNALDATE \"31-Feb-2020 99:02:03 +0000\")\r\n",
     "fetch 5\n"},
    {"FetchNoDate", "* 1 FETCH (UID 5 INTERNALDATE NIL)\r\n", "fetch 5\n"},
    {"FetchUidTooLarge", "* 1 FETCH (UID 4294967300 FLAGS ())\r\n" + kNext,
     "UNREADABLE: a number is too large\n" + kNextTold},
    {"FetchUidZero", "* 1 FETCH (UID 0)\r\n", "UNREADABLE: a UID is zero\n"},
    {"FetchSizePast32Bit", "* 1 FETCH (UID 5 RFC822.SIZE 99999999999)\r\n",
     "fetch 5 size=99999999999\n"},
    {"FetchObjectIds",
     "* 1 FETCH (EMAILID (M1-a) THREADID (T2) SAVEDATE \"17-Jul-1996 02:44:25 -0700\" UID 5)\r\n",
     "fetch 5 email=M1-a\n"},
    {"FetchGuid", "* 1 FETCH (UID 5 X-GUID 18daa0)\r\n", "fetch 5 guid=18daa0\n"},
    {"FetchGuidOfWhatIsGone", "* 1 FETCH (UID 5 RFC822.SIZE 7 X-GUID )\r\n", "fetch 5 size=7\n"},
    {"FetchGmail",
     "* 1 FETCH (X-GM-MSGID 18446744073709551615 X-GM-LABELS (\"\\\\Inbox\" \\Sent \"a b\" "
     "{3}\r\na\"b) UID 5)\r\n",
     "fetch 5 gm=18446744073709551615 labels(\\Inbox|\\Sent|a b|a\"b)\n"},
    {"FetchUnasked",
     "* 1 FETCH (ENVELOPE (NIL ((\"a\" NIL \"b\" \"c\")) \"x\") BODYSTRUCTURE (\"text\" \"plain\" "
     "NIL "
     "NIL 3 (1)) UID 5)\r\n",
     "fetch 5\n"},
    {"Body", "* 1 FETCH (UID 5 BODY[] {5}\r\nhel\r\n FLAGS ())\r\n",
     "body 5/5 <hel\r\n>\nfetch 5 flags() body\n"},
    {"BodyBeforeUid", "* 1 FETCH (BODY[] {3}\r\nabc UID 5)\r\n", "body 0/3 <abc>\nfetch 5 body\n"},
    {"BodyEmpty", "* 1 FETCH (UID 5 BODY[] {0}\r\n)\r\n", "body 5/0 <>\nfetch 5 body\n"},
    {"BodyWithNul", "* 1 FETCH (UID 5 BODY[] {3}\r\na\0c)\r\n"s,
     "body 5/3 <a\0c>\nfetch 5 body\n"s},
    {"BodyQuoted", "* 1 FETCH (BODY[] \"a\\\"b\" UID 5)\r\n", "quoted body <a\"b>\nfetch 5 body\n"},
    {"BodyQuotedEmpty", "* 1 FETCH (UID 5 BODY[] \"\")\r\n", "quoted body <>\nfetch 5 body\n"},
    {"BodyNil", "* 1 FETCH (UID 5 BODY[] NIL)\r\n", "fetch 5\n"},
    {"BodyMissing", "* 1 FETCH (UID 5)\r\n", "fetch 5\n"},
    {"BodyLiteral8", "* 1 FETCH (UID 5 BINARY[] ~{3}\r\na\0c)\r\n"s,
     "body 5/3 <a\0c>\nfetch 5 body\n"s},
    {"BodySection", "* 1 FETCH (UID 5 BODY[HEADER.FIELDS (\"FROM\" X)]<0> {2}\r\n\r\n)\r\n",
     "body 5/2 <\r\n>\nfetch 5 body\n"},
    {"BodyOfRfc822", "* 1 FETCH (UID 5 RFC822 {2}\r\nab)\r\n", "body 5/2 <ab>\nfetch 5 body\n"},
    {"BodyThatLooksLikeAResponse",
     "* 1 FETCH (UID 5 BODY[] {20}\r\na1 OK done\r\n* BYE {9)\r\n" + kNext,
     "body 5/20 <a1 OK done\r\n* BYE {9>\nfetch 5 body\n" + kNextTold},
    {"BodyAfterLiteral", "* 1 FETCH (X-GM-LABELS ({1}\r\nx) BODY[] {2}\r\nab UID 5)\r\n",
     "body 0/2 <ab>\nfetch 5 labels(x) body\n"},
    {"SectionAsLabelIsNoBody", "* 1 FETCH (X-GM-LABELS (BODY[] {2}\r\nab) UID 5)\r\n",
     "fetch 5 labels(BODY[]|ab)\n"},
    {"TwoBodies", "* 1 FETCH (BODY[HEADER] {1}\r\na BODY[] {1}\r\nb UID 5)\r\n",
     "body 0/1 <a>\nbody 0/1 <b>\nfetch 5 body\n"},
    {"ManyRows", "* 1 FETCH (UID 5)\r\n* 2 FETCH (UID 6)\r\n", "fetch 5\nfetch 6\n"},
    {"RowIsBadAfterItsBody", "* 1 FETCH (UID 5 BODY[] {2}\r\nab RFC822.SIZE x)\r\n" + kNext,
     "body 5/2 <ab>\nUNREADABLE: a number is missing\n" + kNextTold},
    {"RowGoesOn", "* 1 FETCH (UID 5) FLAGS\r\n",
     "UNREADABLE: something follows the items of a message\n"},
    {"RowIsOpen", "* 1 FETCH (UID 5\r\n" + kNext,
     "UNREADABLE: the name of an item is missing\n" + kNextTold},

    // ---- literals that are none
    {"LiteralNegative", "* 1 FETCH (UID 5 BODY[] {-5}\r\n",
     "LOST: x: the server's answer cannot be followed: the size of a literal is no number\n"},
    {"LiteralPast32Bit", "* 1 FETCH (UID 5 BODY[] {4294967301}\r\n",
     "LOST: x: the server's answer cannot be followed: a literal is larger than a literal may "
     "be\n"},
    {"LiteralOfManyDigits", "* 1 FETCH (UID 5 BODY[] {99999999999999999999}\r\n",
     "LOST: x: the server's answer cannot be followed: the size of a literal is no number\n"},
    {"LiteralEmptySize", "* LIST () \"/\" {}\r\n",
     "LOST: x: the server's answer cannot be followed: the size of a literal is no number\n"},
};

class ImapWireRow : public ::testing::TestWithParam<Row> {};

TEST_P(ImapWireRow, IsToldAsItIs) {
  EXPECT_EQ(Transcript::of(GetParam().octets), GetParam().told);
}

TEST_P(ImapWireRow, IsTheSameInTwoPieces) {
  const Row& row = GetParam();
  for (std::size_t at = 0; at <= row.octets.size(); ++at) {
    EXPECT_EQ(Transcript::split(row.octets, at), row.told) << "split at " << at;
  }
}

TEST_P(ImapWireRow, IsTheSameOctetByOctet) {
  EXPECT_EQ(Transcript::of(GetParam().octets, 1), GetParam().told);
}

INSTANTIATE_TEST_SUITE_P(Servers, ImapWireRow, ::testing::ValuesIn(kRows),
                         [](const auto& row) { return row.param.name; });

// ---- caps

std::string times(std::size_t count, std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) {
    out += text;
  }
  return out;
}

TEST(ImapWireReader, ReadsOverALineThatIsTooLong) {
  EXPECT_EQ(Transcript::of("* LIST () \"/\" " + std::string(100'000, 'x') + "\r\n" + kNext, 5000),
            "UNREADABLE: it is longer than 64 KiB\n" + kNextTold);
}

TEST(ImapWireReader, ReadsOverALongLineWithItsBody) {
  EXPECT_EQ(
      Transcript::of("* 1 FETCH (X \"" + std::string(100'000, 'x') + "\" BODY[] {100000}\r\n" +
                         std::string(100'000, '\n') + ")\r\n" + kNext,
                     5000),
      "UNREADABLE: it is longer than 64 KiB\n" + kNextTold);
}

TEST(ImapWireReader, GivesUpOnALineWithoutEnd) {
  const std::string endless(300'000'000, 'x');  // NOLINT(bugprone-string-constructor)
  EXPECT_EQ(Transcript::of("* LIST () \"/\" " + endless, 65536),
            "LOST: x: the server's answer cannot be followed: a response has no end\n");
}

TEST(ImapWireReader, ReadsOverNestingThatIsTooDeep) {
  for (const std::size_t depth : {65U, 30'000U}) {
    EXPECT_EQ(Transcript::of("* 1 FETCH (UID 5 BODYSTRUCTURE " + times(depth, "(") +
                             times(depth, ")") + ")\r\n" + kNext),
              "UNREADABLE: it is nested too deeply\n" + kNextTold);
  }
}

TEST(ImapWireReader, ReadsNestingUpToTheCap) {
  EXPECT_EQ(Transcript::of("* 1 FETCH (UID 5 BODYSTRUCTURE " + times(62, "(") + "x" +
                           times(62, ")") + ")\r\n"),
            "fetch 5\n");
}

TEST(ImapWireReader, ReadsOverALiteralThatIsTooLong) {
  EXPECT_EQ(Transcript::of(
                "* LIST () \"/\" {70000}\r\n" + std::string(70'000, 'x') + "\r\n" + kNext, 5000),
            "UNREADABLE: a literal in it is longer than 64 KiB\n" + kNextTold);
}

TEST(ImapWireReader, ReadsOverTooManyLiterals) {
  EXPECT_EQ(Transcript::of("* 1 FETCH (X-GM-LABELS (" + times(1001, "{1}\r\nx ") + ") UID 5)\r\n" +
                           kNext),
            "UNREADABLE: it has too many literals\n" + kNextTold);
}

// ---- long lists

std::string every_second(std::uint32_t count, char separator) {
  std::string out;
  for (std::uint32_t i = 0; i < count; ++i) {
    out += (i == 0 ? "" : std::string(1, separator)) + std::to_string(1'000'000 + 2 * i);
  }
  return out;
}

TEST(ImapWireReader, ReadsAMillionUidsOfSearch) {
  std::string octets = "* SEARCH";
  for (std::uint32_t uid = 1; uid <= 1'000'000; ++uid) {
    octets += " " + std::to_string(uid);
  }
  EXPECT_EQ(Transcript::of(octets + "\r\n" + kNext, 16'384), "search 1:1000000\n" + kNextTold);
}

TEST(ImapWireReader, ReadsALongSearchWithModseq) {
  EXPECT_EQ(Transcript::of("* SEARCH " + every_second(50'000, ' ') + " (MODSEQ 5)\r\n", 4096),
            "search " + every_second(50'000, ',') + " modseq=5\n");
}

TEST(ImapWireReader, ReadsALongEsearchInAnyPieces) {
  for (const std::size_t piece : {1U, 7U, 4096U, 1U << 20U}) {
    EXPECT_EQ(Transcript::of("* ESEARCH (TAG \"a\") UID ALL " + every_second(20'000, ',') +
                                 " COUNT 20000 MODSEQ 5\r\n" + kNext,
                             piece),
              "search " + every_second(20'000, ',') + " modseq=5\n" + kNextTold);
  }
}

TEST(ImapWireReader, ReadsALongVanished) {
  EXPECT_EQ(Transcript::of("* VANISHED (EARLIER) " + every_second(50'000, ',') + "\r\n", 4096),
            "vanished earlier " + every_second(50'000, ',') + "\n");
}

TEST(ImapWireReader, ReadsALongSearchInNoOrder) {
  std::string octets = "* SEARCH";
  for (std::uint32_t uid = 100'000; uid > 0; --uid) {
    octets += " " + std::to_string(uid);
  }
  EXPECT_EQ(Transcript::of(octets + "\r\n", 4096), "search 1:100000\n");
}

TEST(ImapWireReader, ReadsOverALongListWithWhatIsNoUid) {
  const std::string list = every_second(50'000, ' ');
  EXPECT_EQ(Transcript::of("* SEARCH " + list + " 4294967300 " + list + "\r\n" + kNext, 4096),
            "UNREADABLE: the server's answer cannot be read: a number is too large\n" + kNextTold);
}

TEST(ImapWireReader, ReadsOverAListOfMoreRunsThanAMillion) {
  EXPECT_EQ(
      Transcript::of("* SEARCH " + every_second(1'010'000, ' ') + "\r\n" + kNext, 65536),
      "UNREADABLE: the server's answer cannot be read: a list of UIDs has more than a million "
      "runs\n" +
          kNextTold);
}

}  // namespace
