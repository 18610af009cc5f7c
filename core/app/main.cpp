#include "command.hpp"
#include "log.hpp"
#include "plugin/refused.hpp"
#include "process.hpp"
#include "run/exit_code.hpp"

#include <mailpipe/error.hpp>
#include <mailpipe/printable.hpp>

#include <poll.h>
#include <unistd.h>

#include <exception>
#include <iostream>
#include <string>
#include <vector>

namespace {

namespace app = mailpipe::app;
using mailpipe::Error;

int run(const std::vector<std::string>& words) {
  try {
    return app::dispatch(words);
  } catch (const mailpipe::plugin::Refused& why) {
    app::complain("error[" + why.code() + "]: " + why.what(), why.hint());
    return mailpipe::run::kPlugin;
  } catch (const Error& why) {
    app::complain(std::string("error: ") + why.what(), why.hint());
    return mailpipe::run::exit_code(why.error_class());
  } catch (const std::exception& why) {
    app::complain(std::string("error: unexpected: ") + why.what(), "this is a bug in mailpipe");
    return mailpipe::run::kFailure;
  }
}

/// What was printed for nobody (`| head -1`) is no failure; what the disk did not take is one.
int flushed(int code) {
  std::cout.flush();
  if (std::cout.good()) {
    return code;
  }
  pollfd out{STDOUT_FILENO, 0, 0};
  if (::poll(&out, 1, 0) > 0 && (out.revents & POLLERR) != 0) {
    return code;
  }
  app::complain("error: standard output cannot be written", "is the disk full?");
  return mailpipe::run::worst(code, mailpipe::run::kFailure);
}

}  // namespace

int main(int argc, char** argv) {
  mailpipe::app::prepare_process();
  return flushed(run(std::vector<std::string>(argv + (argc > 0 ? 1 : 0), argv + argc)));
}
