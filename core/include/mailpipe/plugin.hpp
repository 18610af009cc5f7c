#pragma once

/// Everything that a plugin in C++ includes: the roles, and MAILPIPE_PLUGIN, which makes the C
/// tables out of them.
///
///   class MySink : public mailpipe::Sink {
///    public:
///     MySink(const mailpipe::Options& options, mailpipe::Host& host);
///     ...
///   };
///
///   MAILPIPE_PLUGIN(mailpipe::component<MySink>("my-sink"))
///
/// Constructors read options only: no network, no files. Host outlives the component.

#include <mailpipe/detail/tables.hpp>
#include <mailpipe/filter.hpp>
#include <mailpipe/host.hpp>
#include <mailpipe/options.hpp>
#include <mailpipe/sink.hpp>
#include <mailpipe/source.hpp>

namespace mailpipe {

/// Names one component of this plugin for MAILPIPE_PLUGIN. `T` derives from Source, Filter or Sink
/// and is constructible from (const Options&, Host&). `type` is the YAML `type:`, one of the
/// manifest's.
template <class T>
constexpr mp_component component(const char* type) noexcept {
  return detail::make_component<T>(type);
}

}  // namespace mailpipe

extern "C" const mp_tag mailpipe_plugin_tag_start asm("mailpipe_plugin_tag")
    __attribute__((visibility("hidden")));

/// Defines the plugin's entry point. Once per plugin, in one source file, outside every namespace.
#define MAILPIPE_PLUGIN(...)                                                               \
  namespace {                                                                              \
  constexpr mp_component kMailpipeComponents[] = {__VA_ARGS__};                            \
  constexpr auto kMailpipePointers = ::mailpipe::detail::pointers_to(kMailpipeComponents); \
  }                                                                                        \
  extern "C" const mp_plugin* MP_ENTRY(void) noexcept {                                    \
    static const mp_plugin plugin{sizeof(mp_plugin),                                       \
                                  MP_ABI_MAJOR,                                            \
                                  MP_ABI_MINOR,                                            \
                                  static_cast<std::uint32_t>(kMailpipePointers.size()),    \
                                  &mailpipe_plugin_tag_start,                              \
                                  kMailpipePointers.data()};                               \
    return &plugin;                                                                        \
  }                                                                                        \
  static_assert(true, "ends with a semicolon")
