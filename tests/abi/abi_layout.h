/* The layout of ABI 1.0 (mailpipe/plugin.h), held fast: compiled as C and as C++, on LP64.
 *
 * A failure here means that plugins which were built with an earlier header would read the wrong octets: undo the change.
 * A minor adds at the tail of a struct that carries its size, or adds a value of an enum. It then changes here: MINOR, the
 * SIZE of that struct, a line AT for each field or VALUE for each value that is new, nothing else. FIXED_SIZE and every
 * line that stands here today hold for all of ABI 1. */
#include <mailpipe/plugin.h>

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define HOLDS(condition, text) static_assert(condition, text)
#else
#define HOLDS(condition, text) _Static_assert(condition, text)
#endif

#define SIZE(type, size) \
  HOLDS(sizeof(type) == (size), "ABI 1: " #type " has another size; see the head of abi_layout.h")
#define FIXED_SIZE(type, size) \
  HOLDS(sizeof(type) == (size), "ABI 1: " #type " stands in arrays and can never grow")
#define AT(type, field, offset) \
  HOLDS(offsetof(type, field) == (offset), "ABI 1: " #type "." #field " has moved")
#define VALUE(name, value) HOLDS((name) == (value), "ABI 1: " #name " has another value")

HOLDS(MP_ABI_MAJOR == 1, "a new major has a layout test of its own");
HOLDS(MP_ABI_MINOR == 0, "ABI 1: a new minor; add what it adds below");

#if defined(__LP64__)

FIXED_SIZE(mp_str, 16);
AT(mp_str, p, 0);
AT(mp_str, n, 8);

FIXED_SIZE(mp_pair, 32);
AT(mp_pair, name, 0);
AT(mp_pair, value, 16);

SIZE(mp_error, 2576);
AT(mp_error, struct_size, 0);
AT(mp_error, details_size, 4);
AT(mp_error, retry_after_ms, 8);
AT(mp_error, what, 16);
AT(mp_error, hint, 1040);
AT(mp_error, details, 1552);

FIXED_SIZE(mp_mailbox, 48);
AT(mp_mailbox, struct_size, 0);
AT(mp_mailbox, path_count, 4);
AT(mp_mailbox, id, 8);
AT(mp_mailbox, path, 24);
AT(mp_mailbox, role, 32);

SIZE(mp_item, 136);
AT(mp_item, struct_size, 0);
AT(mp_item, flags, 4);
AT(mp_item, key, 8);
AT(mp_item, stream, 24);
AT(mp_item, server_id, 32);
AT(mp_item, ref, 48);
AT(mp_item, size, 64);
AT(mp_item, received_at, 72);
AT(mp_item, places, 80);
AT(mp_item, keywords, 88);
AT(mp_item, attributes, 96);
AT(mp_item, place_count, 104);
AT(mp_item, keyword_count, 108);
AT(mp_item, attribute_count, 112);
AT(mp_item, reserved, 116);
AT(mp_item, name, 120);

SIZE(mp_body, 72);
AT(mp_body, struct_size, 0);
AT(mp_body, header_only, 4);
AT(mp_body, data, 8);
AT(mp_body, fd, 16);
AT(mp_body, reserved, 20);
AT(mp_body, offset, 24);
AT(mp_body, size, 32);
AT(mp_body, sha256, 40);

FIXED_SIZE(mp_placed, 32);
AT(mp_placed, place, 0);
AT(mp_placed, location, 16);

SIZE(mp_staged, 32);
AT(mp_staged, struct_size, 0);
AT(mp_staged, placed_count, 4);
AT(mp_staged, token, 8);
AT(mp_staged, placed, 24);

SIZE(mp_receipt, 104);
AT(mp_receipt, struct_size, 0);
AT(mp_receipt, keyword_count, 4);
AT(mp_receipt, key, 8);
AT(mp_receipt, place, 24);
AT(mp_receipt, location, 40);
AT(mp_receipt, size, 56);
AT(mp_receipt, sha256, 64);
AT(mp_receipt, keywords, 96);

SIZE(mp_stat, 56);
AT(mp_stat, struct_size, 0);
AT(mp_stat, mode, 4);
AT(mp_stat, device, 8);
AT(mp_stat, inode, 16);
AT(mp_stat, size, 24);
AT(mp_stat, links, 32);
AT(mp_stat, mtime, 40);
AT(mp_stat, uid, 48);
AT(mp_stat, gid, 52);

SIZE(mp_fs, 152);
AT(mp_fs, struct_size, 0);
AT(mp_fs, reserved, 4);
AT(mp_fs, ctx, 8);
AT(mp_fs, openat, 16);
AT(mp_fs, close, 24);
AT(mp_fs, mkdirat, 32);
AT(mp_fs, write, 40);
AT(mp_fs, pwrite, 48);
AT(mp_fs, pread, 56);
AT(mp_fs, fdatasync, 64);
AT(mp_fs, fsync, 72);
AT(mp_fs, syncfs, 80);
AT(mp_fs, rename_noreplace, 88);
AT(mp_fs, rename, 96);
AT(mp_fs, linkat, 104);
AT(mp_fs, unlinkat, 112);
AT(mp_fs, ftruncate, 120);
AT(mp_fs, set_mtime, 128);
AT(mp_fs, stat, 136);
AT(mp_fs, list, 144);

SIZE(mp_host, 112);
AT(mp_host, struct_size, 0);
AT(mp_host, abi_major, 4);
AT(mp_host, abi_minor, 8);
AT(mp_host, reserved, 12);
AT(mp_host, ctx, 16);
AT(mp_host, fs, 24);
AT(mp_host, log, 32);
AT(mp_host, counter, 40);
AT(mp_host, cancelled, 48);
AT(mp_host, cancel_fd, 56);
AT(mp_host, wait_ms, 64);
AT(mp_host, run_time, 72);
AT(mp_host, secret, 80);
AT(mp_host, kv_get, 88);
AT(mp_host, kv_put, 96);
AT(mp_host, kept, 104);

FIXED_SIZE(mp_cursor, 48);
AT(mp_cursor, struct_size, 0);
AT(mp_cursor, reserved, 4);
AT(mp_cursor, stream, 8);
AT(mp_cursor, name, 16);
AT(mp_cursor, cursor, 32);

SIZE(mp_event, 72);
AT(mp_event, struct_size, 0);
AT(mp_event, kind, 4);
AT(mp_event, stream, 8);
AT(mp_event, item, 16);
AT(mp_event, mailbox, 24);
AT(mp_event, key, 32);
AT(mp_event, cursor, 48);
AT(mp_event, count, 64);

SIZE(mp_emitter_vt, 24);
AT(mp_emitter_vt, struct_size, 0);
AT(mp_emitter_vt, reserved, 4);
AT(mp_emitter_vt, stream, 8);
AT(mp_emitter_vt, emit, 16);

FIXED_SIZE(mp_work, 80);
AT(mp_work, struct_size, 0);
AT(mp_work, want, 4);
AT(mp_work, token, 8);
AT(mp_work, stream, 16);
AT(mp_work, size, 24);
AT(mp_work, key, 32);
AT(mp_work, ref, 48);
AT(mp_work, server_id, 64);

SIZE(mp_queue_vt, 72);
AT(mp_queue_vt, struct_size, 0);
AT(mp_queue_vt, reserved, 4);
AT(mp_queue_vt, take, 8);
AT(mp_queue_vt, wake_fd, 16);
AT(mp_queue_vt, open, 24);
AT(mp_queue_vt, write, 32);
AT(mp_queue_vt, done, 40);
AT(mp_queue_vt, abandon, 48);
AT(mp_queue_vt, fail, 56);
AT(mp_queue_vt, gone, 64);

SIZE(mp_source_vt, 40);
AT(mp_source_vt, struct_size, 0);
AT(mp_source_vt, reserved, 4);
AT(mp_source_vt, fetch_threads, 8);
AT(mp_source_vt, check, 16);
AT(mp_source_vt, list, 24);
AT(mp_source_vt, fetch, 32);

SIZE(mp_verdict, 88);
AT(mp_verdict, struct_size, 0);
AT(mp_verdict, kind, 4);
AT(mp_verdict, reason, 8);
AT(mp_verdict, hold_until, 24);
AT(mp_verdict, owner, 32);
AT(mp_verdict, token, 48);
AT(mp_verdict, name, 56);
AT(mp_verdict, places, 72);
AT(mp_verdict, place_count, 80);
AT(mp_verdict, link, 84);

SIZE(mp_filter_vt, 32);
AT(mp_filter_vt, struct_size, 0);
AT(mp_filter_vt, reserved, 4);
AT(mp_filter_vt, needs, 8);
AT(mp_filter_vt, judge, 16);
AT(mp_filter_vt, settle, 24);

SIZE(mp_intent, 32);
AT(mp_intent, struct_size, 0);
AT(mp_intent, reserved, 4);
AT(mp_intent, receipt, 8);
AT(mp_intent, token, 16);

SIZE(mp_found, 184);
AT(mp_found, struct_size, 0);
AT(mp_found, id_count, 4);
AT(mp_found, location, 8);
AT(mp_found, ref, 24);
AT(mp_found, size, 40);
AT(mp_found, received_at, 48);
AT(mp_found, sha256, 56);
AT(mp_found, server_ids, 88);
AT(mp_found, path, 96);
AT(mp_found, path_count, 104);
AT(mp_found, has_original, 108);
AT(mp_found, original_size, 112);
AT(mp_found, original_sha256, 120);
AT(mp_found, original_header_sha256, 152);

SIZE(mp_sink_vt, 128);
AT(mp_sink_vt, struct_size, 0);
AT(mp_sink_vt, reserved, 4);
AT(mp_sink_vt, open, 8);
AT(mp_sink_vt, root, 16);
AT(mp_sink_vt, mark, 24);
AT(mp_sink_vt, store, 32);
AT(mp_sink_vt, publish, 40);
AT(mp_sink_vt, discard, 48);
AT(mp_sink_vt, sync, 56);
AT(mp_sink_vt, recover, 64);
AT(mp_sink_vt, sweep, 72);
AT(mp_sink_vt, link, 80);
AT(mp_sink_vt, update, 88);
AT(mp_sink_vt, remove, 96);
AT(mp_sink_vt, mailbox, 104);
AT(mp_sink_vt, read, 112);
AT(mp_sink_vt, scan, 120);

SIZE(mp_component, 48);
AT(mp_component, struct_size, 0);
AT(mp_component, kind, 4);
AT(mp_component, type, 8);
AT(mp_component, create, 24);
AT(mp_component, destroy, 32);
AT(mp_component, vtable, 40);

SIZE(mp_tag, 192);
AT(mp_tag, magic, 0);
AT(mp_tag, tag_size, 16);
AT(mp_tag, abi_major, 20);
AT(mp_tag, abi_minor, 24);
AT(mp_tag, manifest_size, 28);
AT(mp_tag, id, 32);
AT(mp_tag, version, 96);
AT(mp_tag, toolchain, 128);

SIZE(mp_plugin, 32);
AT(mp_plugin, struct_size, 0);
AT(mp_plugin, abi_major, 4);
AT(mp_plugin, abi_minor, 8);
AT(mp_plugin, component_count, 12);
AT(mp_plugin, tag, 16);
AT(mp_plugin, components, 24);

VALUE(MP_OK, 0);
VALUE(MP_END, 1);
VALUE(MP_EMPTY, 2);
VALUE(MP_NOT_FOUND, 3);
VALUE(MP_E_TRANSIENT, -1);
VALUE(MP_E_RATE_LIMIT, -2);
VALUE(MP_E_AUTH, -3);
VALUE(MP_E_CONFIG, -4);
VALUE(MP_E_ITEM, -5);
VALUE(MP_E_PERMANENT, -6);
VALUE(MP_E_CANCELLED, -7);
VALUE(MP_E_CURSOR_LOST, -8);
VALUE(MP_E_NO_SPACE, -9);
VALUE(MP_E_INTERNAL, -99);
VALUE(MP_ITEM_INITIAL, 1);
VALUE(MP_LOG_DEBUG, 0);
VALUE(MP_LOG_INFO, 1);
VALUE(MP_LOG_WARN, 2);
VALUE(MP_LOG_ERROR, 3);
VALUE(MP_RUNNING, 0);
VALUE(MP_DRAIN, 1);
VALUE(MP_ABORT, 2);
VALUE(MP_EV_LISTED, 1);
VALUE(MP_EV_CHANGED, 2);
VALUE(MP_EV_REMOVED, 3);
VALUE(MP_EV_GONE, 4);
VALUE(MP_EV_KEYWORDS, 5);
VALUE(MP_EV_MAILBOX, 10);
VALUE(MP_EV_MAILBOX_REMOVED, 11);
VALUE(MP_EV_LISTING_BEGIN, 20);
VALUE(MP_EV_LISTING_END, 21);
VALUE(MP_EV_CHECKPOINT, 30);
VALUE(MP_EV_ESTIMATE, 40);
VALUE(MP_WANT_HEADERS, 1);
VALUE(MP_WANT_BODY, 2);
VALUE(MP_TAKE_NO_WAIT, 1);
VALUE(MP_TAKE_SAME_STREAM, 2);
VALUE(MP_NEED_METADATA, 0);
VALUE(MP_NEED_HEADERS, 1);
VALUE(MP_NEED_BODY, 2);
VALUE(MP_KEEP, 0);
VALUE(MP_DROP, 1);
VALUE(MP_HOLD, 2);
VALUE(MP_DUPLICATE, 3);
VALUE(MP_SYNC_DATA, 1);
VALUE(MP_SYNC_NAMES, 2);
VALUE(MP_REMOVE_TRASH, 1);
VALUE(MP_REMOVE_DELETE, 2);
VALUE(MP_MAILBOX_CREATE, 1);
VALUE(MP_MAILBOX_REMOVE, 2);
VALUE(MP_KIND_SOURCE, 1);
VALUE(MP_KIND_FILTER, 2);
VALUE(MP_KIND_SINK, 3);
#endif
