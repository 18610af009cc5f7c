// What the ledger doubts after a run that broke off.
#include "unit/ledger_row.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace mailpipe::state {
namespace {

class Uncovered : public testing::Test {
 protected:
  Row insert(const std::string& key, RowState state, std::int64_t seen) {
    Row row = row_of(key, state);
    row.seen = seen;
    row.id = ledger.insert(row);
    return row;
  }

  void goes(Row& row) {
    row.state = RowState::Gone;
    ledger.update(row);
    ledger.note_gone(row);
  }

  Ledger ledger{"", "p", Ledger::Open::InMemory};
  const StreamId stream = ledger.stream("stream", "label");
};

TEST_F(Uncovered, DoubtsWhatCameAndWhatWentUntilItIsToldAgain) {
  const Row came = insert("came", RowState::Stored, 0);
  Row went = insert("went", RowState::Stored, 1);
  insert("stays", RowState::Stored, 1);
  goes(went);
  EXPECT_FALSE(ledger.in_doubt(stream));
  EXPECT_TRUE(ledger.doubt_uncovered());
  EXPECT_TRUE(ledger.in_doubt(stream));
  ASSERT_EQ(ledger.doubted(stream, 0, 10).size(), 1U);
  EXPECT_EQ(ledger.doubted(stream, 0, 10)[0].item.key, "came");
  ASSERT_EQ(ledger.doubted_gone(stream, 0, 10).size(), 1U);
  EXPECT_EQ(ledger.doubted_gone(stream, 0, 10)[0].item.key, "went");
  ledger.believe(came);
  EXPECT_TRUE(ledger.in_doubt(stream));
  ledger.believe_gone(stream);
  EXPECT_FALSE(ledger.in_doubt(stream));
  EXPECT_TRUE(ledger.doubt_uncovered());
  EXPECT_TRUE(ledger.in_doubt(stream));
}

TEST_F(Uncovered, DoubtsNothingThatACursorCovers) {
  insert("came", RowState::Stored, 0);
  Row went = insert("went", RowState::Stored, 1);
  goes(went);
  ledger.set_cursor(stream, "c", 1);
  EXPECT_FALSE(ledger.doubt_uncovered());
}

TEST_F(Uncovered, DoubtsNothingThatIsBack) {
  Row row = insert("back", RowState::Stored, 1);
  goes(row);
  row.state = RowState::Stored;
  ledger.update(row);
  ledger.note_back(row);
  EXPECT_FALSE(ledger.doubt_uncovered());
}

TEST_F(Uncovered, DoubtsNothingThatCameAndWent) {
  Row row = insert("came", RowState::Stored, 0);
  goes(row);
  EXPECT_TRUE(ledger.doubt_uncovered());
  EXPECT_FALSE(ledger.in_doubt(stream));
}

TEST_F(Uncovered, KeepsAKeyThatWentWhereItsRowGoesOnUnderAnother) {
  Row row = insert("old", RowState::Stored, 1);
  goes(row);
  row.item.key = "new";
  row.state = RowState::Stored;
  ledger.rekey(row);
  EXPECT_TRUE(ledger.doubt_uncovered());
  const auto doubted = ledger.doubted_gone(stream, 0, 10);
  ASSERT_EQ(doubted.size(), 1U);
  EXPECT_EQ(doubted[0].item.key, "old");
  EXPECT_EQ(doubted[0].item.size, row.item.size);
  EXPECT_FALSE(doubted[0].digest);
  EXPECT_EQ(ledger.stored_as("old", false), "new");
  ASSERT_EQ(ledger.find_named("old", 10).size(), 1U);
  EXPECT_EQ(ledger.find_named("old", 10)[0].item.key, "new");
  ledger.set_cursor(stream, "c", 1);
  EXPECT_EQ(ledger.find("old").state, RowState::None);
  EXPECT_EQ(ledger.find("new").id, row.id);
}

TEST_F(Uncovered, CoversNothingThatWasToldAfterTheCursor) {
  Row early = row_of("early", RowState::Stored);
  early.told_in = 1;
  ledger.insert(early);
  Row late = row_of("late", RowState::Stored);
  late.told_in = 2;
  ledger.insert(late);
  ledger.set_cursor(stream, "c", 1);
  EXPECT_TRUE(ledger.doubt_uncovered());
  ASSERT_EQ(ledger.doubted(stream, 0, 10).size(), 1U);
  EXPECT_EQ(ledger.doubted(stream, 0, 10)[0].item.key, "late");
  ledger.set_cursor(stream, "d", 1);  // in the next run
  EXPECT_FALSE(ledger.doubt_uncovered());
}

TEST_F(Uncovered, StaysInDoubtUnderItsOldKey) {
  Row row = insert("old", RowState::Stored, 1);
  goes(row);
  EXPECT_TRUE(ledger.doubt_uncovered());
  row.item.key = "new";
  ledger.rekey(row);
  EXPECT_EQ(ledger.doubted_gone(stream, 0, 10).size(), 1U);
}

TEST_F(Uncovered, AKeyThatIsWantedAgainKeepsItsRow) {
  Row row = insert("old", RowState::Stored, 1);
  goes(row);
  row.item.key = "new";
  ledger.rekey(row);
  ledger.note_wanted(ledger.find("old"));
  ledger.set_cursor(stream, "c", 1);
  EXPECT_EQ(ledger.find("old").state, RowState::Gone);
}

TEST_F(Uncovered, WhatWasInFlightLeavesNoDoubtBehind) {
  insert("in flight", RowState::InFlight, 0);
  ledger.settle_in_flight();
  EXPECT_FALSE(ledger.doubt_uncovered());
}

}  // namespace
}  // namespace mailpipe::state
