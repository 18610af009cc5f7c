#pragma once

#include <mailpipe/detail/guest_host.hpp>
#include <mailpipe/detail/guest_source.hpp>
#include <mailpipe/detail/views.hpp>
#include <mailpipe/filter.hpp>
#include <mailpipe/options.hpp>
#include <mailpipe/sink.hpp>

#include <array>
#include <cstddef>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

// The plugin's side of the boundary: C tables whose slots call the author's class. Nothing thrown
// leaves a slot.
namespace mailpipe::detail {

/// One component with all that its slots hand out views of.
template <class Role>
struct Instance {
  explicit Instance(const mp_host* table) : host(table) {}

  GuestHost host;
  std::unique_ptr<Role> role;
  Staged staged;
  std::unique_ptr<StagedView> staged_view;
  std::string text;
  Verdict verdict;
  std::unique_ptr<MailboxViews> places;
};

template <class Role>
Instance<Role>& instance(void* self) noexcept {
  return *static_cast<Instance<Role>*>(self);
}

template <class Role, class Function>
mp_status call(void* self, mp_error* error, Function&& function) noexcept {
  Instance<Role>& in = instance<Role>(self);
  return guard(error, [&] { return function(in); });
}

template <class T, class Role>
mp_status create(const mp_host* host, mp_str options, void** self, mp_error* error) noexcept {
  return guard(error, [&] {
    auto in = std::make_unique<Instance<Role>>(host);
    in->role = std::make_unique<T>(Options(text(options)), static_cast<Host&>(in->host));
    *self = in.release();
    return MP_OK;
  });
}

template <class Role>
void destroy(void* self) noexcept {
  delete &instance<Role>(
      self);  // NOLINT(cppcoreguidelines-owning-memory): create() gave it away as void*
}

// ---- source

inline mp_status source_check(void* self, mp_error* error) noexcept {
  return call<Source>(self, error, [](auto& in) { return in.role->check(), MP_OK; });
}

inline std::uint32_t source_fetch_threads(void* self) noexcept {
  std::uint32_t count = 0;  // what the engine refuses, should the author's code throw
  guard(nullptr, [&] { return count = instance<Source>(self).role->fetch_threads(), MP_OK; });
  return count;
}

inline mp_status source_list(void* self, const mp_cursor* cursors, std::size_t count,
                             mp_emitter* emitter, const mp_emitter_vt* table,
                             mp_error* error) noexcept {
  return call<Source>(self, error, [&](auto& in) {
    GuestEmitter guest(emitter, table);
    return in.role->list(to_cursors(cursors, count), guest), MP_OK;
  });
}

inline mp_status source_fetch(void* self, mp_queue* queue, const mp_queue_vt* table,
                              mp_error* error) noexcept {
  return call<Source>(self, error, [&](auto& in) {
    GuestQueue guest(queue, table);
    return in.role->fetch(guest), MP_OK;
  });
}

inline constexpr mp_source_vt kSourceTable{sizeof(mp_source_vt), 0,           source_fetch_threads,
                                           source_check,         source_list, source_fetch};

// ---- filter

inline std::uint32_t filter_needs(void* self) noexcept {
  auto needs = UINT32_MAX;  // what the engine refuses, should the author's code throw
  guard(nullptr, [&] {
    return needs = static_cast<std::uint32_t>(instance<Filter>(self).role->needs()), MP_OK;
  });
  return needs;
}

inline mp_status filter_judge(void* self, const mp_item* item, const mp_body* body, mp_verdict* out,
                              mp_error* error) noexcept {
  return call<Filter>(self, error, [&](auto& in) {
    if (body != nullptr) {
      const Body octets(*body);
      in.verdict = in.role->judge(to_item(*item), &octets);
    } else {
      in.verdict = in.role->judge(to_item(*item), nullptr);
    }
    const Verdict& verdict = in.verdict;
    out->kind = static_cast<std::uint32_t>(verdict.kind);
    out->reason = view(verdict.reason);
    out->hold_until = verdict.hold_until.time_since_epoch().count();
    out->owner = view(verdict.owner);
    out->link = verdict.link ? 1 : 0;
    out->token = verdict.token;
    out->name = view(verdict.name);
    in.places = std::make_unique<MailboxViews>(verdict.places);
    out->places = verdict.places.empty() ? nullptr : in.places->data();
    out->place_count = in.places->size();
    return MP_OK;
  });
}

inline mp_status filter_settle(void* self, std::uint64_t token, std::int32_t durable,
                               mp_error* error) noexcept {
  return call<Filter>(self, error,
                      [&](auto& in) { return in.role->settle(token, durable != 0), MP_OK; });
}

inline constexpr mp_filter_vt kFilterTable{sizeof(mp_filter_vt), 0, filter_needs, filter_judge,
                                           filter_settle};

// ---- sink

inline mp_status sink_open(void* self, std::int32_t read_only, mp_error* error) noexcept {
  return call<Sink>(self, error, [&](auto& in) { return in.role->open(read_only != 0), MP_OK; });
}

inline mp_status sink_root(void* self, mp_str_cb marker, void* user, std::int32_t* empty,
                           mp_error* error) noexcept {
  return call<Sink>(self, error, [&](auto& in) {
    const RootState state = in.role->root();
    if (!state.marker.empty()) {
      marker(user, view(state.marker));
    }
    *empty = state.empty ? 1 : 0;
    return MP_OK;
  });
}

inline mp_status sink_mark(void* self, mp_str text, mp_error* error) noexcept {
  return call<Sink>(self, error, [&](auto& in) { return in.role->mark(copy(text)), MP_OK; });
}

/// Keeps what the author's store() or link() returned, so that the views handed out stay valid.
inline void hand_out(Instance<Sink>& in, Staged staged, mp_staged* out) {
  in.staged = std::move(staged);
  in.staged_view = std::make_unique<StagedView>(in.staged);
  *out = *in.staged_view->get();
}

inline mp_status sink_store(void* self, const mp_item* item, const mp_body* body, mp_staged* out,
                            mp_error* error) noexcept {
  return call<Sink>(self, error, [&](auto& in) {
    return hand_out(in, in.role->store(to_item(*item), Body(*body)), out), MP_OK;
  });
}

inline mp_status sink_publish(void* self, const mp_staged* staged, mp_error* error) noexcept {
  return call<Sink>(self, error,
                    [&](auto& in) { return in.role->publish(to_staged(*staged)), MP_OK; });
}

inline mp_status sink_discard(void* self, const mp_staged* staged, mp_error* error) noexcept {
  return call<Sink>(self, error,
                    [&](auto& in) { return in.role->discard(to_staged(*staged)), MP_OK; });
}

inline mp_status sink_sync(void* self, std::int32_t phase, mp_error* error) noexcept {
  return call<Sink>(self, error,
                    [&](auto& in) { return in.role->sync(static_cast<SyncPhase>(phase)), MP_OK; });
}

inline mp_status sink_recover(void* self, const mp_intent* intent, std::int32_t* present,
                              mp_error* error) noexcept {
  return call<Sink>(self, error, [&](auto& in) {
    *present = in.role->recover({to_receipt(*intent->receipt), copy(intent->token)}) ? 1 : 0;
    return MP_OK;
  });
}

inline mp_status sink_sweep(void* self, mp_error* error) noexcept {
  return call<Sink>(self, error, [](auto& in) { return in.role->sweep(), MP_OK; });
}

inline mp_status sink_link(void* self, const mp_receipt* receipt, const mp_item* item, mp_str place,
                           mp_staged* out, mp_error* error) noexcept {
  return call<Sink>(self, error, [&](auto& in) {
    return hand_out(in, in.role->link(to_receipt(*receipt), to_item(*item), copy(place)), out),
           MP_OK;
  });
}

inline mp_status sink_update(void* self, const mp_receipt* receipt, const mp_item* item,
                             mp_str* location, mp_error* error) noexcept {
  return call<Sink>(self, error, [&](auto& in) {
    in.text = in.role->update(to_receipt(*receipt), to_item(*item));
    *location = view(in.text);
    return MP_OK;
  });
}

inline mp_status sink_remove(void* self, const mp_receipt* receipt, std::int32_t how,
                             mp_error* error) noexcept {
  return call<Sink>(self, error, [&](auto& in) {
    return in.role->remove(to_receipt(*receipt), static_cast<Removal>(how)), MP_OK;
  });
}

inline mp_status sink_mailbox(void* self, std::int32_t what, const mp_mailbox* mailbox,
                              mp_error* error) noexcept {
  return call<Sink>(self, error, [&](auto& in) {
    return in.role->mailbox(static_cast<MailboxChange>(what), to_mailbox(*mailbox)), MP_OK;
  });
}

using ReadSlot = mp_status (*)(mp_read_out*, const void*, std::uint64_t) noexcept;
using FoundSlot = mp_status (*)(mp_found_out*, const mp_found*) noexcept;

inline mp_status sink_read(void* self, const mp_receipt* receipt, mp_read_out* out, ReadSlot write,
                           mp_error* error) noexcept {
  return call<Sink>(self, error, [&](auto& in) {
    in.role->read(to_receipt(*receipt), [&](std::string_view octets) {
      throw_on(write(out, octets.data(), octets.size()), "read");
    });
    return MP_OK;
  });
}

inline mp_status sink_scan(void* self, mp_found_out* out, FoundSlot found,
                           mp_error* error) noexcept {
  return call<Sink>(self, error, [&](auto& in) {
    in.role->scan([&](const Found& file) { throw_on(found(out, FoundView(file).get()), "scan"); });
    return MP_OK;
  });
}

inline constexpr mp_sink_vt kSinkTable{
    sizeof(mp_sink_vt), 0,         sink_open,    sink_root,  sink_mark, sink_store,  sink_publish,
    sink_discard,       sink_sync, sink_recover, sink_sweep, sink_link, sink_update, sink_remove,
    sink_mailbox,       sink_read, sink_scan};

// ---- component

template <class T>
constexpr mp_component make_component(const char* type) noexcept {
  const mp_str name{type, std::char_traits<char>::length(type)};
  if constexpr (std::is_base_of_v<Source, T>) {
    return {sizeof(mp_component), MP_KIND_SOURCE,  name,
            create<T, Source>,    destroy<Source>, &kSourceTable};
  } else if constexpr (std::is_base_of_v<Filter, T>) {
    return {sizeof(mp_component), MP_KIND_FILTER,  name,
            create<T, Filter>,    destroy<Filter>, &kFilterTable};
  } else {
    static_assert(std::is_base_of_v<Sink, T>, "a component is a Source, a Filter or a Sink");
    return {sizeof(mp_component), MP_KIND_SINK, name, create<T, Sink>, destroy<Sink>, &kSinkTable};
  }
}

template <std::size_t N>
constexpr std::array<const mp_component*, N> pointers_to(
    const mp_component (&components)[N]) noexcept {
  std::array<const mp_component*, N> out{};
  for (std::size_t i = 0; i < N; ++i) {
    out[i] = &components[i];
  }
  return out;
}

}  // namespace mailpipe::detail
