#pragma once

#include <mailpipe/testing/contract.hpp>
#include <mailpipe/testing/sink_checks.hpp>

// The suite that every sink runs that keeps its messages below one folder, in whatever form.
// sink_contract.hpp says more of sinks with a file a message.
namespace mailpipe::test {

class AnySinkContract : public testing::TestWithParam<Tried<AnySinkCase>> {};

TEST_P(AnySinkContract, Holds) {
  expect_holds(GetParam());
}

inline std::vector<Tried<AnySinkCase>> sink_tests(const AnySinkCase& of) {
  return tried(checks_of_sinks(), of);
}

}  // namespace mailpipe::test
