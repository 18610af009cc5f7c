#include <mailpipe/plugin.hpp>

/// Keeps the messages whose reference ends in an even digit.
class EvenOnly final : public mailpipe::Filter {
 public:
  EvenOnly(const mailpipe::Options& /*options*/, mailpipe::Host& /*host*/) {}

  mailpipe::Verdict judge(const mailpipe::Item& item, const mailpipe::Body* /*body*/) override {
    return item.ref.back() % 2 == 0 ? mailpipe::Verdict::keep() : mailpipe::Verdict::drop("odd");
  }
};

MAILPIPE_PLUGIN(mailpipe::component<EvenOnly>("even-only"));
