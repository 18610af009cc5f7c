// What a listing costs does not grow with what is already known.
#include "imap_source_fixture.hpp"
#include "support/resident_memory.hpp"
#include "support/sanitized.hpp"

#include <string>

namespace mailpipe::imap {
namespace {

using test::ModelImapServer;

constexpr std::size_t kMillion = 1'000'000;

/// Counts what it is told and keeps nothing but the last cursor.
class CountingEmitter : public Emitter {
 public:
  StreamId stream(std::string_view name, std::string_view /*label*/) override {
    cursor.stream = 1;
    cursor.name = name;
    return 1;
  }

  void emit(Event event) override {
    ++events;
    listed += event.kind == EventKind::Listed ? 1 : 0;
    if (event.kind == EventKind::Checkpoint) {
      cursor.value = std::move(event.cursor);
    }
  }

  Cursor cursor;
  std::size_t events = 0;
  std::size_t listed = 0;
};

TEST(ImapGrowth, ListsAMillionMessagesInLittleMemory) {
  ModelImapServer server;
  server.append("INBOX", kMillion);
  TestSource source(server.port());
  CountingEmitter told;
  const std::size_t before = test::resident_kib("VmRSS");
  source.source->list({}, told);
  EXPECT_EQ(told.listed, kMillion);
  if (!test::kSanitized) {  // a sanitizer keeps what was freed
    EXPECT_LT(test::resident_kib("VmHWM"), before + 32U * 1024U);
  }
  EXPECT_LT(told.cursor.value.size(), 1000U);

  CountingEmitter again;
  server.forget_commands();
  source.source->list({told.cursor}, again);
  EXPECT_EQ(again.events, 1U);  // the mailbox itself
  EXPECT_EQ(server.count("EXAMINE *"), 0U);
}

TEST(ImapGrowth, TellsAFewChangesAmongManyMessagesAndNothingElse) {
  ModelImapServer server;
  server.append("INBOX", 100'000);
  TestSource source(server.port());
  CountingEmitter told;
  source.source->list({}, told);
  server.expunge("INBOX", 50'000);
  server.set_flags("INBOX", 70'000, "\\Seen");
  server.append("INBOX");
  CountingEmitter again;
  again.cursor = told.cursor;
  source.source->list({told.cursor}, again);
  EXPECT_EQ(again.events, 5U);  // the mailbox, a removal, flags, a new message, the checkpoint
}

}  // namespace
}  // namespace mailpipe::imap
