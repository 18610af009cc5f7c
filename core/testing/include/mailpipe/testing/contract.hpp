#pragma once

#include <mailpipe/testing/check.hpp>

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

// How the checks of a role become tests of GoogleTest.
namespace mailpipe::test {

/// One check of one case: the parameter of a contract suite.
template <class Case>
struct Tried {
  Case of;
  Check<Case> check;
};

template <class Case>
void PrintTo(const Tried<Case>& value, std::ostream* out) {
  *out << value.of.name;
}

template <class Case>
std::vector<Tried<Case>> tried(const std::vector<Check<Case>>& checks, const Case& of) {
  std::vector<Tried<Case>> out;
  for (const Check<Case>& each : checks) {
    out.push_back({of, each});
  }
  return out;
}

/// For INSTANTIATE_TEST_SUITE_P: the check's name, after the case's where that is no mere default.
// NOLINTNEXTLINE(readability-identifier-naming): called as a function is
inline constexpr auto name_of_check = [](const auto& given) {
  return given.param.of.name.empty() ? std::string(given.param.check.name)
                                     : given.param.of.name + "_" + given.param.check.name;
};

template <class Case>
void expect_holds(const Tried<Case>& tried) {
  try {
    tried.check.run(tried.of);
  } catch (const Broken& broken) {
    FAIL() << broken.what() << (broken.hint().empty() ? "" : "\nhint: ") << broken.hint();
  } catch (const NotApplicable& why) {
    GTEST_SKIP() << why.what();
  }
}

}  // namespace mailpipe::test
