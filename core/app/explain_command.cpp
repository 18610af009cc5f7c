#include "command.hpp"
#include "config/code_table.hpp"
#include "run/exit_code.hpp"

#include <mailpipe/error.hpp>
#include <mailpipe/printable.hpp>

#include <iostream>

namespace mailpipe::app {

namespace {

int run(const Arguments& arguments) {
  if (arguments.operands().size() != 1) {
    throw Error(ErrorClass::Config, "mailpipe explain: exactly one code is needed, such as MP1004");
  }
  const std::string& code = arguments.operands().front();
  const auto text = config::explain(code);
  if (!text) {
    throw Error(ErrorClass::Config, "there is no code '" + printable(code, 40) + "'",
                "codes stand in brackets in messages: error[MP1004]");
  }
  std::cout << *text;
  return run::kOk;
}

}  // namespace

Command explain_command() {
  return {"explain", "CODE", "Says what a code such as MP1004 means and what to do", "", {}, run};
}

}  // namespace mailpipe::app
