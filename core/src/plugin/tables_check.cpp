#include "tables_check.hpp"

#include "refused.hpp"

#include <mailpipe/detail/views.hpp>

#include <cstddef>
#include <string>

namespace mailpipe::plugin {

namespace {

constexpr std::uint32_t kMaxComponents = 64;

/// How large each table was in the first minor of this major. Never grows.
constexpr std::size_t kComponentFloor = offsetof(mp_component, vtable) + sizeof(void*);
constexpr std::size_t kSourceFloor = offsetof(mp_source_vt, fetch) + sizeof(void*);
constexpr std::size_t kFilterFloor = offsetof(mp_filter_vt, settle) + sizeof(void*);
constexpr std::size_t kSinkFloor = offsetof(mp_sink_vt, scan) + sizeof(void*);

std::string name_of(const config::ComponentInfo& info) {
  return std::string(config::name_of(info.kind)) + " '" + info.type + "'";
}

class SlotCheck {
 public:
  SlotCheck(const config::ComponentInfo& info, std::uint32_t size, std::size_t floor)
      : info_(info) {
    if (size < floor) {
      throw Refused(kTablesDiffer, "the table of its " + name_of(info) + " is " +
                                       std::to_string(size) + " octets long, " +
                                       std::to_string(floor) + " are needed");
    }
  }

  template <class Slot>
  void required(Slot slot, const char* name) const {
    if (slot == nullptr) {
      throw Refused(kTablesDiffer,
                    "its " + name_of(info_) + " lacks the slot '" + std::string(name) + "'");
    }
  }

  template <class Slot>
  void for_capability(Slot slot, const char* name) const {
    if (info_.capabilities.count(name) != 0) {
      required(slot, name);
    }
  }

 private:
  const config::ComponentInfo& info_;
};

void check_source(const config::ComponentInfo& info, const mp_source_vt& table) {
  const SlotCheck check(info, table.struct_size, kSourceFloor);
  check.required(table.fetch_threads, "fetch_threads");
  check.required(table.check, "check");
  check.required(table.list, "list");
  check.required(table.fetch, "fetch");
}

void check_filter(const config::ComponentInfo& info, const mp_filter_vt& table) {
  const SlotCheck check(info, table.struct_size, kFilterFloor);
  check.required(table.needs, "needs");
  check.required(table.judge, "judge");
}

void check_sink(const config::ComponentInfo& info, const mp_sink_vt& table) {
  const SlotCheck check(info, table.struct_size, kSinkFloor);
  check.required(table.open, "open");
  check.required(table.root, "root");
  check.required(table.mark, "mark");
  check.required(table.store, "store");
  check.required(table.publish, "publish");
  check.required(table.discard, "discard");
  check.required(table.sync, "sync");
  check.required(table.recover, "recover");
  check.required(table.sweep, "sweep");
  check.for_capability(table.link, "link");
  check.for_capability(table.update, "update");
  check.for_capability(table.remove, "remove");
  check.for_capability(table.mailbox, "mailboxes");
  check.for_capability(table.read, "read");
  check.for_capability(table.scan, "scan");
}

const mp_component* try_find(const mp_plugin& plugin, config::Kind kind, std::string_view type) {
  for (std::uint32_t i = 0; i < plugin.component_count; ++i) {
    const mp_component* one = plugin.components[i];
    if (one != nullptr && one->struct_size >= kComponentFloor &&
        one->kind == static_cast<std::uint32_t>(kind) && detail::text(one->type) == type) {
      return one;
    }
  }
  return nullptr;
}

void check_component(const config::ComponentInfo& info, const mp_component& component) {
  const SlotCheck check(info, component.struct_size, kComponentFloor);
  check.required(component.create, "create");
  check.required(component.destroy, "destroy");
  check.required(component.vtable, "vtable");
  switch (info.kind) {
    case config::Kind::Source:
      return check_source(info, *static_cast<const mp_source_vt*>(component.vtable));
    case config::Kind::Filter:
      return check_filter(info, *static_cast<const mp_filter_vt*>(component.vtable));
    case config::Kind::Sink:
      return check_sink(info, *static_cast<const mp_sink_vt*>(component.vtable));
  }
}

}  // namespace

const mp_component& find_component(const mp_plugin& plugin, config::Kind kind,
                                   std::string_view type) {
  const mp_component* found = try_find(plugin, kind, type);
  if (found == nullptr) {
    throw Refused(kTablesDiffer, "its manifest announces the " +
                                     std::string(config::name_of(kind)) + " '" + std::string(type) +
                                     "', but its code has none");
  }
  return *found;
}

void check_tables(const Manifest& manifest, const mp_plugin& plugin) {
  if (plugin.component_count > kMaxComponents ||
      plugin.component_count != manifest.components.size()) {
    throw Refused(kTablesDiffer, "its code has " + std::to_string(plugin.component_count) +
                                     " components, its manifest announces " +
                                     std::to_string(manifest.components.size()));
  }
  for (const config::ComponentInfo& info : manifest.components) {
    check_component(info, find_component(plugin, info.kind, info.type));
  }
}

}  // namespace mailpipe::plugin
