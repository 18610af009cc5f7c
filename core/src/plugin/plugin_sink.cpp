#include "components.hpp"
#include "foreign.hpp"
#include "instance.hpp"

#include <mailpipe/detail/views.hpp>

#include <utility>

/// Where read() of a plugin delivers to.
struct mp_read_out {
  const mailpipe::plugin::Instance& instance;
  const std::function<void(std::string_view)>& out;
  mailpipe::plugin::Pending pending{};
};

/// Where scan() of a plugin reports to.
struct mp_found_out {
  const mailpipe::plugin::Instance& instance;
  const std::function<void(const mailpipe::Found&)>& out;
  mailpipe::plugin::Pending pending{};
};

namespace mailpipe::plugin {

namespace {

mp_status read_write(mp_read_out* to, const void* data, std::uint64_t n) noexcept {
  return to->pending.guard(nullptr, [&] {
    if (data == nullptr && n > 0) {
      to->instance.breach("read", "gave octets that are NULL");
    }
    return to->out({static_cast<const char*>(data), n}), MP_OK;
  });
}

mp_status scan_found(mp_found_out* to, const mp_found* found) noexcept {
  return to->pending.guard(nullptr, [&] {
    if (const char* wrong = wrong_with(found); wrong != nullptr) {
      to->instance.breach("scan", wrong);
    }
    return to->out(detail::to_found(*found)), MP_OK;
  });
}

void take_marker(void* to, mp_str text) noexcept {
  if (wrong_with(text) == nullptr) {
    detail::guard(nullptr,
                  [&] { return *static_cast<std::string*>(to) = detail::copy(text), MP_OK; });
  }
}

/// A sink whose code is in a plugin.
class PluginSink final : public Sink {
 public:
  PluginSink(const Candidate& candidate, std::string_view type, std::string_view options,
             Host& host)
      : instance_(candidate, config::Kind::Sink, type, options, host),
        table_(instance_.table<mp_sink_vt>()) {}

  void open(bool read_only) override { call("open", table_.open, read_only ? 1 : 0); }

  RootState root() override {
    RootState out;
    std::int32_t empty = 0;
    call("root", table_.root, take_marker, &out.marker, &empty);
    out.empty = empty != 0;
    return out;
  }

  void mark(const std::string& text) override { call("mark", table_.mark, detail::view(text)); }

  Staged store(const Item& item, const Body& body) override {
    const detail::ItemView view(item);
    return stage("store", table_.store, view.get(), &body.view());
  }

  void publish(const Staged& staged) override {
    call("publish", table_.publish, detail::StagedView(staged).get());
  }

  void discard(const Staged& staged) override {
    call("discard", table_.discard, detail::StagedView(staged).get());
  }

  void sync(SyncPhase phase) override {
    call("sync", table_.sync, static_cast<std::int32_t>(phase));
  }

  bool recover(const Intent& intent) override {
    const detail::ReceiptView receipt(intent.receipt);
    const mp_intent view{sizeof(mp_intent), 0, receipt.get(), detail::view(intent.token)};
    std::int32_t present = 0;
    call("recover", table_.recover, &view, &present);
    return present != 0;
  }

  void sweep() override { call("sweep", table_.sweep); }

  Staged link(const Receipt& receipt, const Item& item, const std::string& place) override {
    const detail::ReceiptView from(receipt);
    const detail::ItemView view(item);
    return stage("link", table_.link, from.get(), view.get(), detail::view(place));
  }

  std::string update(const Receipt& receipt, const Item& item) override {
    const detail::ReceiptView from(receipt);
    const detail::ItemView view(item);
    mp_str location{};
    call("update", table_.update, from.get(), view.get(), &location);
    if (const char* wrong = wrong_with(location); wrong != nullptr || location.n == 0) {
      instance_.breach("update", wrong != nullptr ? wrong : "gave no location");
    }
    return detail::copy(location);
  }

  void remove(const Receipt& receipt, Removal how) override {
    const detail::ReceiptView from(receipt);
    call("remove", table_.remove, from.get(), static_cast<std::int32_t>(how));
  }

  void mailbox(MailboxChange change, const Mailbox& mailbox) override {
    const detail::MailboxViews view(mailbox);
    call("mailboxes", table_.mailbox, static_cast<std::int32_t>(change), view.data());
  }

  void read(const Receipt& receipt, const std::function<void(std::string_view)>& out) override {
    const detail::ReceiptView from(receipt);
    mp_read_out to{instance_, out};
    call_back("read", to.pending, table_.read, from.get(), &to, read_write);
  }

  void scan(const std::function<void(const Found&)>& out) override {
    mp_found_out to{instance_, out};
    call_back("scan", to.pending, table_.scan, &to, scan_found);
  }

 private:
  template <class Slot, class... Arguments>
  void call(const char* name, Slot slot, Arguments... arguments) {
    call_back(name, Pending(), slot, arguments...);
  }

  template <class Slot, class... Arguments>
  void call_back(const char* name, const Pending& pending, Slot slot, Arguments... arguments) {
    if (slot == nullptr) {
      instance_.breach(name, "is missing: this sink cannot do that");
    }
    instance_.call(name, pending,
                   [&](mp_error* error) { return slot(instance_.self(), arguments..., error); });
  }

  template <class Slot, class... Arguments>
  Staged stage(const char* name, Slot slot, Arguments... arguments) {
    mp_staged out{};
    out.struct_size = sizeof out;
    call(name, slot, arguments..., &out);
    if (const char* wrong = wrong_with(out); wrong != nullptr) {
      instance_.breach(name, wrong);
    }
    return detail::to_staged(out);
  }

  Instance instance_;
  const mp_sink_vt& table_;
};

}  // namespace

std::shared_ptr<Sink> make_sink(const Candidate& candidate, std::string_view type,
                                std::string_view options, Host& host) {
  return std::make_shared<PluginSink>(candidate, type, options, host);
}

}  // namespace mailpipe::plugin
