#include "command.hpp"
#include "plugin/refused.hpp"
#include "process.hpp"
#include "run/exit_code.hpp"
#include "terminal.hpp"

#include <mailpipe/error.hpp>
#include <mailpipe/printable.hpp>

#include <exception>
#include <string>
#include <vector>

namespace {

namespace app = mailpipe::app;
using mailpipe::Error;

int run(const std::vector<std::string>& words) {
  try {
    return app::dispatch(words);
  } catch (const mailpipe::plugin::Refused& why) {
    app::Terminal::instance().error("error[" + why.code() + "]: " + why.what(), why.hint());
    return mailpipe::run::kPlugin;
  } catch (const Error& why) {
    app::Terminal::instance().error(std::string("error: ") + why.what(), why.hint());
    return mailpipe::run::exit_code(why.error_class());
  } catch (const std::exception& why) {
    app::Terminal::instance().error(std::string("error: unexpected: ") + why.what(),
                                    "this is a bug in mailpipe");
    return mailpipe::run::kFailure;
  }
}

}  // namespace

int main(int argc, char** argv) {
  mailpipe::app::prepare_process();
  return run(std::vector<std::string>(argv + (argc > 0 ? 1 : 0), argv + argc));
}
