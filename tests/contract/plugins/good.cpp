// A plugin as it should be, whose static constructor leaves a trace so that a test sees when code of it ran.
#include <mailpipe/plugin.hpp>

#include <cstdlib>
#include <fstream>

namespace {

struct Trace {
  Trace() {
    if (const char* path = std::getenv("MAILPIPE_TEST_TRACE"); path != nullptr) {
      std::ofstream(path) << "code ran";
    }
  }
};

const Trace kTrace;

class KeepAll final : public mailpipe::Filter {
 public:
  KeepAll(const mailpipe::Options& /*options*/, mailpipe::Host& /*host*/) {}

  mailpipe::Verdict judge(const mailpipe::Item& /*item*/, const mailpipe::Body* /*body*/) override {
    return mailpipe::Verdict::keep();
  }
};

}  // namespace

MAILPIPE_PLUGIN(mailpipe::component<KeepAll>("keep-all"));
