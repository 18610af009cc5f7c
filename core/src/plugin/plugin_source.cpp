#include "components.hpp"
#include "instance.hpp"
#include "source_tables.hpp"

#include <mailpipe/detail/views.hpp>

#include <vector>

namespace mailpipe::plugin {

namespace {

constexpr std::uint32_t kMaxThreads = 256;

/// A source whose code is in a plugin.
class PluginSource final : public Source {
 public:
  PluginSource(const Candidate& candidate, std::string_view type, std::string_view options,
               Host& host)
      : instance_(candidate, config::Kind::Source, type, options, host),
        table_(instance_.table<mp_source_vt>()) {}

  std::uint32_t fetch_threads() const override {
    const std::uint32_t count = table_.fetch_threads(instance_.self());
    if (count == 0 || count > kMaxThreads) {
      instance_.breach("fetch_threads", "returned " + std::to_string(count));
    }
    return count;
  }

  void check() override {
    instance_.call("check", [&](mp_error* error) { return table_.check(instance_.self(), error); });
  }

  void list(const Cursors& cursors, Emitter& emitter) override {
    std::vector<mp_cursor> views;
    views.reserve(cursors.size());
    for (const Cursor& cursor : cursors) {
      views.push_back({sizeof(mp_cursor), 0, cursor.stream, detail::view(cursor.name),
                       detail::view(cursor.value)});
    }
    mp_emitter out{instance_, emitter};
    instance_.call("list", out.pending, [&](mp_error* error) {
      return table_.list(instance_.self(), views.data(), views.size(), &out, &kEmitterTable, error);
    });
  }

  void fetch(WorkQueue& queue) override {
    mp_queue out(instance_, queue);
    instance_.call("fetch", out.pending, [&](mp_error* error) {
      return table_.fetch(instance_.self(), &out, &kQueueTable, error);
    });
  }

 private:
  Instance instance_;
  const mp_source_vt& table_;
};

}  // namespace

std::shared_ptr<Source> make_source(const Candidate& candidate, std::string_view type,
                                    std::string_view options, Host& host) {
  return std::make_shared<PluginSource>(candidate, type, options, host);
}

}  // namespace mailpipe::plugin
