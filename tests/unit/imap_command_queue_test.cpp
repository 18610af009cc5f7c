#include "command_queue.hpp"

#include <mailpipe/error.hpp>

#include <gtest/gtest.h>

#include <string>

namespace {

using namespace mailpipe;
using namespace mailpipe::imap;

struct Nobody : Answer {
  void completed(const Completion&) override {}
};

struct Queue : CommandQueue {
  void add(const Command& command, Literals literals = Literals::Waiting) {
    push(command, std::make_shared<Nobody>(), literals);
  }

  std::string write() {
    std::string out;
    while (!to_write().empty()) {
      out += to_write();
      written(to_write().size());
    }
    return out;
  }
};

TEST(ImapCommandQueue, WritesCommandsOneBehindTheOther) {
  Queue queue;
  queue.add(Command("EXAMINE").mailbox("a \"b\\"));
  queue.add(Command("UID FETCH 1:*").text(" (FLAGS)"));
  EXPECT_EQ(queue.write(), "M1 EXAMINE \"a \\\"b\\\\\"\r\nM2 UID FETCH 1:* (FLAGS)\r\n");
  EXPECT_EQ(queue.octets(), 48U);
}

TEST(ImapCommandQueue, WaitsWithALiteralUntilTheServerAsks) {
  Queue queue;
  queue.add(Command("EXAMINE").mailbox("B\xc3\xbc"));
  queue.add(Command("NOOP"));
  EXPECT_EQ(queue.write(), "M1 EXAMINE {3}\r\n");
  EXPECT_TRUE(queue.go_on(""));
  EXPECT_EQ(queue.write(), "B\xc3\xbc\r\nM2 NOOP\r\n");
}

TEST(ImapCommandQueue, SendsLiteralsAtOnceWhereTheServerTakesThem) {
  Queue queue;
  queue.add(Command("EXAMINE").mailbox("a\r\nb"), Literals::All);
  queue.add(Command("EXAMINE").mailbox("a\r\nb"), Literals::Small);
  queue.add(Command("EXAMINE").mailbox(std::string(5000, 'x')), Literals::Small);
  EXPECT_EQ(queue.write(),
            "M1 EXAMINE {4+}\r\na\r\nb\r\nM2 EXAMINE {4+}\r\na\r\nb\r\nM3 EXAMINE {5000}\r\n");
}

TEST(ImapCommandQueue, ForgetsALiteralThatWasRefused) {
  Queue queue;
  queue.add(Command("EXAMINE").mailbox("a\nb"));
  queue.add(Command("NOOP"));
  EXPECT_EQ(queue.write(), "M1 EXAMINE {3}\r\n");
  queue.take("M1");
  EXPECT_EQ(queue.write(), "M2 NOOP\r\n");
}

TEST(ImapCommandQueue, IsNotMovedByAPlusThatNobodyAskedFor) {
  Queue queue;
  queue.add(Command("NOOP"));
  EXPECT_EQ(queue.write(), "M1 NOOP\r\n");
  EXPECT_FALSE(queue.go_on(""));
}

TEST(ImapCommandQueue, TakesAnswersInAnotherOrder) {
  Queue queue;
  queue.add(Command("A"));
  queue.add(Command("B"));
  queue.write();
  EXPECT_EQ(queue.take("M2").tag, "M2");
  EXPECT_EQ(queue.oldest()->tag, "M1");
  queue.add(Command("C"));
  EXPECT_EQ(queue.write(), "M3 C\r\n");
}

// What comes between the two is read as the answer to the older one: a body of the mailbox that was open before.
TEST(ImapCommandQueue, RefusesAMailboxThatIsOpenedBeforeWhatWasAskedOfTheOther) {
  Queue queue;
  queue.add(Command("UID FETCH 1"));
  queue.add(Command("EXAMINE").mailbox("Archive"));
  queue.write();
  EXPECT_THROW(queue.take("M2"), Error);
  queue.take("M1");
  EXPECT_EQ(queue.take("M2").tag, "M2");
}

TEST(ImapCommandQueue, RefusesAnAnswerToWhatWasNotAsked) {
  Queue queue;
  queue.add(Command("A"));
  EXPECT_THROW(queue.take("M1"), Error);  // not yet written
  queue.write();
  EXPECT_THROW(queue.take("M2"), Error);
  queue.take("M1");
  EXPECT_THROW(queue.take("M1"), Error);
}

TEST(ImapCommandQueue, RefusesOctetsThatWouldBeAnotherCommand) {
  Queue queue;
  EXPECT_THROW(queue.add(Command("A\r\nM9 DELETE x")), Error);
  EXPECT_THROW(queue.add(Command("EXAMINE").mailbox(std::string("a\0b", 3))), Error);
  EXPECT_EQ(queue.size(), 0U);
}

TEST(ImapCommandQueue, LetsALoginSpeakAlone) {
  Queue queue;
  queue.push(Command("AUTHENTICATE PLAIN"), std::make_shared<Nobody>(), Literals::All,
             [](std::string_view) { return "abc"; });
  queue.add(Command("NOOP"));
  EXPECT_EQ(queue.write(), "M1 AUTHENTICATE PLAIN\r\n");
  EXPECT_TRUE(queue.go_on(""));
  EXPECT_EQ(queue.write(), "abc\r\n");
  queue.take("M1");
  EXPECT_EQ(queue.write(), "M2 NOOP\r\n");
}

}  // namespace
