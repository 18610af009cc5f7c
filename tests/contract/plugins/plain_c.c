/* A plugin without a line of C++: fills the tables of plugin.h by hand. Defines make the faulty ones of it. */
#include <mailpipe/plugin.h>

#include <stddef.h>

#ifdef OTHER_MINOR
#define DESCRIPTOR_MINOR (MP_ABI_MINOR + 1)
#else
#define DESCRIPTOR_MINOR MP_ABI_MINOR
#endif

extern const mp_tag mailpipe_plugin_tag;

static char the_instance;

#ifdef UNDEFINED_SYMBOL
void mailpipe_test_function_that_is_nowhere(void);
#endif

static mp_status create(const mp_host* host, mp_str options, void** self, mp_error* error) {
  (void)host, (void)options, (void)error;
#ifdef UNDEFINED_SYMBOL
  mailpipe_test_function_that_is_nowhere();
#endif
  *self = &the_instance;
  return MP_OK;
}

static void destroy(void* self) {
  (void)self;
}

static uint32_t needs(void* self) {
  (void)self;
  return MP_NEED_METADATA;
}

#ifdef MISSING_SLOT
static mp_status settle(void* self, uint64_t token, int32_t durable, mp_error* error) {
  (void)self, (void)token, (void)durable, (void)error;
  return MP_OK;
}
#else
static mp_status judge(void* self, const mp_item* item, const mp_body* body, mp_verdict* out,
                       mp_error* error) {
  static const char kReason[] = "too-large";
  (void)self, (void)body, (void)error;
  if (item->size != MP_NO_SIZE && item->size > 1000) {
    out->kind = MP_DROP;
    out->reason = (mp_str){kReason, sizeof kReason - 1};
  }
  return MP_OK;
}
#endif

static const mp_filter_vt table = {
#ifdef SMALL_TABLE
    .struct_size = 16,
#else
    .struct_size = sizeof(mp_filter_vt),
#endif
    .needs = needs,
#ifdef MISSING_SLOT
    .settle = settle,
#else
    .judge = judge,
#endif
};

static const mp_component component = {
    .struct_size = sizeof(mp_component),
    .kind = MP_KIND_FILTER,
#ifdef OTHER_TYPE
    .type = {"other", 5},
#else
    .type = {"small-only", 10},
#endif
    .create = create,
    .destroy = destroy,
    .vtable = &table,
};

static const mp_component* const components[] = {&component};

const mp_plugin* MP_ENTRY(void) {
  static const mp_plugin plugin = {sizeof(mp_plugin),    MP_ABI_MAJOR, DESCRIPTOR_MINOR, 1,
                                   &mailpipe_plugin_tag, components};
#ifdef NO_DESCRIPTOR
  return plugin.tag == NULL ? &plugin : NULL;
#else
  return &plugin;
#endif
}
