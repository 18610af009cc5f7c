/* A plugin in C that hands over rubbish: the option "do" says which. */
#define _DEFAULT_SOURCE
#include <mailpipe/plugin.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern const mp_tag mailpipe_plugin_tag;

/* The whole of the options, e.g. {"do":"unknown-status"}. */
struct instance {
  char options[128];
};

static int is_told(const void* self, const char* what) {
  return strstr(((const struct instance*)self)->options, what) != NULL;
}

static mp_status create(const mp_host* host, mp_str options, void** self, mp_error* error) {
  struct instance* made = calloc(1, sizeof *made);
  (void)host, (void)error;
  memcpy(made->options, options.p, options.n < 127 ? options.n : 127);
  *self = made;
  return MP_OK;
}

static void destroy(void* self) {
  free(self);
}

/* ---- filter */

static uint32_t needs(void* self) {
  return is_told(self, "absurd-needs") ? 77 : MP_NEED_METADATA;
}

static mp_status judge(void* self, const mp_item* item, const mp_body* body, mp_verdict* out,
                       mp_error* error) {
  (void)item, (void)body;
  if (is_told(self, "crash")) abort();
  if (is_told(self, "sleep-for-ever")) {
    for (;;) pause();
  }
  if (is_told(self, "unknown-status")) return -1234;
  if (is_told(self, "positive-status")) return MP_EMPTY;
  if (is_told(self, "silent-failure")) return MP_E_PERMANENT;
  if (is_told(self, "endless-text")) {
    memset(error->what, 'x', sizeof error->what);
    memset(error->details, 'y', sizeof error->details);
    error->details_size = UINT32_MAX;
    return MP_E_ITEM;
  }
  if (is_told(self, "null-reason")) {
    out->kind = MP_DROP;
    out->reason.n = 5;
  }
  if (is_told(self, "unknown-verdict")) out->kind = 99;
  if (is_told(self, "negative-length")) {
    out->name.p = "x";
    out->name.n = (size_t)-1;
  }
  if (is_told(self, "negative-count")) {
    static const mp_mailbox place = {.struct_size = sizeof(mp_mailbox)};
    out->places = &place;
    out->place_count = (uint32_t)-1;
  }
  return MP_OK;
}

static const mp_filter_vt filter_table = {
    .struct_size = sizeof(mp_filter_vt), .needs = needs, .judge = judge};

/* ---- source */

static uint32_t fetch_threads(void* self) {
  return is_told(self, "no-threads") ? 0 : 1;
}

static mp_status check(void* self, mp_error* error) {
  (void)self, (void)error;
  return MP_OK;
}

static mp_status list(void* self, const mp_cursor* cursors, size_t count, mp_emitter* emitter,
                      const mp_emitter_vt* table, mp_error* error) {
  mp_event event = {.struct_size = sizeof event, .kind = MP_EV_LISTED, .stream = 1};
  mp_item item = {
      .struct_size = sizeof item, .key = {"k", 1}, .size = MP_NO_SIZE, .received_at = MP_NO_TIME};
  (void)cursors, (void)count, (void)error;
  if (!is_told(self, "null-item")) event.item = &item;
  if (is_told(self, "no-key")) item.key.n = 0;
  if (is_told(self, "short-item")) item.struct_size = 8;
  if (is_told(self, "null-places")) item.place_count = 3;
  if (is_told(self, "negative-keywords")) item.keyword_count = (uint32_t)-1;
  if (is_told(self, "unknown-event")) event.kind = 4711;
  table->emit(emitter, &event);
  return MP_OK; /* whatever emit() said: the engine must not depend on our care */
}

static mp_status fetch(void* self, mp_queue* queue, const mp_queue_vt* table, mp_error* error) {
  const mp_work* works;
  uint32_t count;
  mp_writer* writer;
  if (is_told(self, "finish-twice")) {
    table->take(queue, 1, 1, 0, &works, &count);
    const uint64_t token = works[0].token; /* the work itself ends with the first call */
    table->gone(queue, token);
    table->gone(queue, token);
  }
  if (is_told(self, "not-taken")) return table->open(queue, 999, &writer, error);
  if (is_told(self, "short-error")) {
    static const mp_error kShort = {.struct_size = 8};
    table->take(queue, 1, 1, 0, &works, &count);
    table->fail(queue, works[0].token, MP_E_ITEM, &kShort);
  }
  if (is_told(self, "leave-open")) {
    table->take(queue, 1, 1, 0, &works, &count);
    return table->open(queue, works[0].token, &writer, error);
  }
  return MP_OK;
}

static const mp_source_vt source_table = {.struct_size = sizeof(mp_source_vt),
                                          .fetch_threads = fetch_threads,
                                          .check = check,
                                          .list = list,
                                          .fetch = fetch};

static const mp_component source = {
    sizeof(mp_component), MP_KIND_SOURCE, {"careless", 8}, create, destroy, &source_table};
static const mp_component filter = {
    sizeof(mp_component), MP_KIND_FILTER, {"careless", 8}, create, destroy, &filter_table};
static const mp_component* const components[] = {&source, &filter};

const mp_plugin* MP_ENTRY(void) {
  static const mp_plugin plugin = {sizeof(mp_plugin),    MP_ABI_MAJOR, MP_ABI_MINOR, 2,
                                   &mailpipe_plugin_tag, components};
  return &plugin;
}
