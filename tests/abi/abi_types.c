/* Everything that crosses the boundary, reachable from one exported function, so that abidiff sees it: in a plugin the
 * tables hide behind a void pointer. Built with debug information and compared with v1_0/types.abi. */
#include <mailpipe/plugin.h>

void mailpipe_abi_types(const mp_plugin*, const mp_source_vt*, const mp_filter_vt*,
                        const mp_sink_vt*, const mp_intent*, const mp_found*, const mp_work*,
                        const mp_event*);

__attribute__((visibility("default"))) void mailpipe_abi_types(
    const mp_plugin* plugin, const mp_source_vt* source, const mp_filter_vt* filter,
    const mp_sink_vt* sink, const mp_intent* intent, const mp_found* found, const mp_work* work,
    const mp_event* event) {
  (void)plugin, (void)source, (void)filter, (void)sink, (void)intent, (void)found, (void)work,
      (void)event;
}
