#pragma once

#include <mailpipe/testing/contract.hpp>
#include <mailpipe/testing/filter_checks.hpp>

// The suite that every filter runs, whatever it needs of a message. filter_contract.hpp says more of
// filters that need metadata only.
namespace mailpipe::test {

class AnyFilterContract : public testing::TestWithParam<Tried<AnyFilterCase>> {};

TEST_P(AnyFilterContract, Holds) {
  expect_holds(GetParam());
}

inline std::vector<Tried<AnyFilterCase>> filter_tests(const AnyFilterCase& of) {
  return tried(checks_of_filters(), of);
}

}  // namespace mailpipe::test
