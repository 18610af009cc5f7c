#pragma once

#include <mailpipe/testing/contract.hpp>
#include <mailpipe/testing/source_checks.hpp>

// The suite that every source runs:
//
//   INSTANTIATE_TEST_SUITE_P(Mine, SourceContract, testing::ValuesIn(source_tests({...})),
//                            name_of_check);
namespace mailpipe::test {

class SourceContract : public testing::TestWithParam<Tried<SourceCase>> {};

TEST_P(SourceContract, Holds) {
  expect_holds(GetParam());
}

inline std::vector<Tried<SourceCase>> source_tests(const SourceCase& of) {
  return tried(checks_of_sources(), of);
}

}  // namespace mailpipe::test
