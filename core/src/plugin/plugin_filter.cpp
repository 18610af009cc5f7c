#include "components.hpp"
#include "foreign.hpp"
#include "instance.hpp"

#include <mailpipe/detail/views.hpp>

namespace mailpipe::plugin {

namespace {

Verdict to_verdict(const mp_verdict& in) {
  Verdict out;
  out.kind = static_cast<Verdict::Kind>(in.kind);
  out.reason = detail::copy(in.reason);
  out.hold_until = std::chrono::sys_seconds(std::chrono::seconds(in.hold_until));
  out.owner = detail::copy(in.owner);
  out.link = in.link != 0;
  out.token = in.token;
  out.name = detail::copy(in.name);
  for (std::uint32_t i = 0; in.places != nullptr && i < in.place_count; ++i) {
    out.places.push_back(detail::to_mailbox(in.places[i]));
  }
  return out;
}

/// A filter whose code is in a plugin.
class PluginFilter final : public Filter {
 public:
  PluginFilter(const Candidate& candidate, std::string_view type, std::string_view options,
               Host& host)
      : instance_(candidate, config::Kind::Filter, type, options, host),
        table_(instance_.table<mp_filter_vt>()) {}

  Needs needs() const override {
    const std::uint32_t needs = table_.needs(instance_.self());
    if (needs > MP_NEED_BODY) {
      instance_.breach("needs", "returned " + std::to_string(needs));
    }
    return static_cast<Needs>(needs);
  }

  Verdict judge(const Item& item, const Body* body) override {
    const detail::ItemView view(item);
    mp_verdict out{};
    out.struct_size = sizeof out;
    instance_.call("judge", [&](mp_error* error) {
      return table_.judge(instance_.self(), view.get(), body == nullptr ? nullptr : &body->view(),
                          &out, error);
    });
    if (const char* wrong = wrong_with(out); wrong != nullptr) {
      instance_.breach("judge", wrong);
    }
    return to_verdict(out);
  }

  void settle(std::uint64_t token, bool durable) override {
    if (table_.settle != nullptr) {
      instance_.call("settle", [&](mp_error* error) {
        return table_.settle(instance_.self(), token, durable ? 1 : 0, error);
      });
    }
  }

 private:
  Instance instance_;
  const mp_filter_vt& table_;
};

}  // namespace

std::shared_ptr<Filter> make_filter(const Candidate& candidate, std::string_view type,
                                    std::string_view options, Host& host) {
  return std::make_shared<PluginFilter>(candidate, type, options, host);
}

}  // namespace mailpipe::plugin
