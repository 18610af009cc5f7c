#include "source_tables.hpp"

#include "foreign.hpp"

#include <mailpipe/detail/views.hpp>

namespace mailpipe::plugin {

namespace {

using detail::copy;
using detail::view;

// ---- emitter

mp_status emitter_stream(mp_emitter* emitter, mp_str name, mp_str label,
                         std::uint64_t* out) noexcept {
  return emitter->pending.guard(nullptr, [&] {
    for (const char* wrong : {wrong_with(name), wrong_with(label)}) {
      if (wrong != nullptr) {
        emitter->instance.breach("list", wrong);
      }
    }
    if (name.n == 0 || out == nullptr) {
      emitter->instance.breach("list", "asked for a stream without a name");
    }
    *out = emitter->out.stream(detail::text(name), detail::text(label));
    return MP_OK;
  });
}

Event to_event(const mp_event& in) {
  Event out{.kind = static_cast<EventKind>(in.kind), .stream = in.stream};
  switch (out.kind) {
    case EventKind::Listed:
    case EventKind::Changed:
    case EventKind::Keywords:
      out.item = detail::to_item(*in.item);
      out.item.stream = in.stream;
      break;
    case EventKind::Mailbox:
    case EventKind::MailboxRemoved:
      out.mailbox = detail::to_mailbox(*in.mailbox);
      break;
    case EventKind::Removed:
    case EventKind::Gone:
      out.key = copy(in.key);
      break;
    case EventKind::Checkpoint:
      out.cursor = copy(in.cursor);
      break;
    case EventKind::Estimate:
      out.count = in.count;
      break;
    case EventKind::ListingBegin:
    case EventKind::ListingEnd:
      break;
  }
  return out;
}

mp_status emitter_emit(mp_emitter* emitter, const mp_event* event) noexcept {
  return emitter->pending.guard(nullptr, [&] {
    if (const char* wrong = wrong_with(event); wrong != nullptr) {
      emitter->instance.breach("list", wrong);
    }
    emitter->out.emit(to_event(*event));
    return MP_OK;
  });
}

// ---- queue

/// Keeps the works of a batch alive and hands out views of them.
void keep(mp_queue& queue, std::vector<Work> works, const mp_work** out, std::uint32_t* count) {
  auto batch = std::make_shared<mp_queue::Batch>();
  batch->works = std::move(works);
  batch->views.reserve(batch->works.size());
  for (const Work& work : batch->works) {
    batch->views.push_back({.struct_size = sizeof(mp_work),
                            .want = static_cast<std::uint32_t>(work.want),
                            .token = work.token,
                            .stream = work.stream,
                            .size = work.size.value_or(MP_NO_SIZE),
                            .key = view(work.key),
                            .ref = view(work.ref),
                            .server_id = view(work.server_id)});
    queue.taken.emplace(work.token, batch);
  }
  *out = batch->views.data();
  *count = static_cast<std::uint32_t>(batch->views.size());
}

mp_status queue_take(mp_queue* queue, std::uint32_t max_items, std::uint64_t max_bytes,
                     std::uint32_t flags, const mp_work** out, std::uint32_t* count) noexcept {
  return queue->pending.guard(nullptr, [&]() -> mp_status {
    if (out == nullptr || count == nullptr || max_items == 0) {
      queue->instance.breach("fetch", "called take() without room for an answer");
    }
    *count = 0;
    *out = nullptr;
    Taken taken = queue->out.take({.items = max_items,
                                   .bytes = max_bytes,
                                   .wait = (flags & MP_TAKE_NO_WAIT) == 0,
                                   .same_stream = (flags & MP_TAKE_SAME_STREAM) != 0});
    if (taken.state == Taken::State::End) {
      return MP_END;
    }
    if (taken.state == Taken::State::Empty) {
      return MP_EMPTY;
    }
    keep(*queue, std::move(taken.works), out, count);
    return MP_OK;
  });
}

std::int32_t queue_wake_fd(mp_queue* queue) noexcept {
  std::int32_t fd = -1;
  queue->pending.guard(nullptr, [&] { return fd = queue->out.wake_fd(), MP_OK; });
  return fd;
}

void check_taken(const mp_queue& queue, std::uint64_t token, const char* what) {
  if (queue.taken.count(token) == 0) {
    queue.instance.breach("fetch", std::string("called ") + what +
                                       " for a work that it did not take or has finished");
  }
}

mp_status queue_open(mp_queue* queue, std::uint64_t token, mp_writer** out,
                     mp_error* error) noexcept {
  return detail::guard(error, [&] {
    check_taken(*queue, token, "open()");
    auto writer = std::make_unique<mp_writer>(mp_writer{*queue, token, queue->out.open(token)});
    mp_writer* key = writer.get();
    queue->writers.emplace(key, std::move(writer));
    *out = key;
    return MP_OK;
  });
}

mp_status writer_write(mp_writer* writer, const void* data, std::uint64_t n,
                       mp_error* error) noexcept {
  return detail::guard(error, [&] {
    if (data == nullptr && n > 0) {
      writer->queue.instance.breach("fetch", "wrote octets that are NULL");
    }
    writer->body->write({static_cast<const char*>(data), n});
    return MP_OK;
  });
}

mp_status writer_done(mp_writer* writer, mp_error* error) noexcept {
  return detail::guard(error, [&] {
    mp_queue& queue = writer->queue;
    const auto node = queue.writers.extract(writer);
    node.mapped()->body->done();
    queue.taken.erase(node.mapped()->token);
    return MP_OK;
  });
}

void writer_abandon(mp_writer* writer) noexcept {
  writer->queue.writers.erase(writer);
}

void queue_fail(mp_queue* queue, std::uint64_t token, mp_status status,
                const mp_error* error) noexcept {
  queue->pending.guard(nullptr, [&] {
    check_taken(*queue, token, "fail()");
    if (const char* wrong = wrong_with(error); wrong != nullptr) {
      queue->instance.breach("fetch", wrong);
    }
    const mp_error none = detail::empty_error();
    const mp_error& words = error == nullptr ? none : *error;
    if (status >= 0) {
      queue->instance.breach("fetch", "called fail() with a status that is no failure");
    }
    queue->out.fail(token, detail::to_error(status, words));
    queue->taken.erase(token);
    return MP_OK;
  });
}

void queue_gone(mp_queue* queue, std::uint64_t token) noexcept {
  queue->pending.guard(nullptr, [&] {
    check_taken(*queue, token, "gone()");
    queue->out.gone(token);
    queue->taken.erase(token);
    return MP_OK;
  });
}

}  // namespace

const mp_emitter_vt kEmitterTable{sizeof(mp_emitter_vt), 0, emitter_stream, emitter_emit};

const mp_queue_vt kQueueTable{
    sizeof(mp_queue_vt), 0,           queue_take,     queue_wake_fd, queue_open,
    writer_write,        writer_done, writer_abandon, queue_fail,    queue_gone};

}  // namespace mailpipe::plugin
