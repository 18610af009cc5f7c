#pragma once

#include <mailpipe/detail/errors.hpp>
#include <mailpipe/detail/views.hpp>
#include <mailpipe/source.hpp>

#include <memory>
#include <string>
#include <utility>

// The engine's emitter and work queue as a source in a plugin sees them.
namespace mailpipe::detail {

inline Cursors to_cursors(const mp_cursor* cursors, std::size_t count) {
  Cursors out;
  for (std::size_t i = 0; i < count; ++i) {
    out.push_back({cursors[i].stream, copy(cursors[i].name), copy(cursors[i].cursor)});
  }
  return out;
}

class GuestEmitter final : public Emitter {
 public:
  GuestEmitter(mp_emitter* emitter, const mp_emitter_vt* table) noexcept
      : emitter_(emitter),
        t_(table) {}

  StreamId stream(std::string_view name, std::string_view label) override {
    StreamId id = 0;
    throw_on(t_->stream(emitter_, view(name), view(label), &id), "stream");
    return id;
  }

  void emit(Event event) override {
    const ItemView item(event.item);
    const MailboxViews mailbox(event.mailbox);
    const mp_event out{.struct_size = sizeof(mp_event),
                       .kind = static_cast<std::uint32_t>(event.kind),
                       .stream = event.stream,
                       .item = item.get(),
                       .mailbox = mailbox.data(),
                       .key = view(event.key),
                       .cursor = view(event.cursor),
                       .count = event.count};
    throw_on(t_->emit(emitter_, &out), "emit");
  }

 private:
  mp_emitter* emitter_;
  const mp_emitter_vt* t_;
};

class GuestWriter final : public BodyWriter {
 public:
  GuestWriter(mp_writer* writer, const mp_queue_vt* table) noexcept : writer_(writer), t_(table) {}

  ~GuestWriter() override {
    if (writer_ != nullptr) {
      t_->abandon(writer_);
    }
  }

  GuestWriter(const GuestWriter&) = delete;
  GuestWriter& operator=(const GuestWriter&) = delete;

  void write(std::string_view octets) override {
    mp_error error = empty_error();
    throw_on(t_->write(writer_, octets.data(), octets.size(), &error), error);
  }

  void done() override {
    mp_error error = empty_error();
    throw_on(t_->done(std::exchange(writer_, nullptr), &error), error);
  }

 private:
  mp_writer* writer_;
  const mp_queue_vt* t_;
};

class GuestQueue final : public WorkQueue {
 public:
  GuestQueue(mp_queue* queue, const mp_queue_vt* table) noexcept : queue_(queue), t_(table) {}

  Taken take(const TakeLimits& limits) override {
    const mp_work* works = nullptr;
    std::uint32_t count = 0;
    const std::uint32_t flags =
        (limits.wait ? 0U : static_cast<std::uint32_t>(MP_TAKE_NO_WAIT)) |
        (limits.same_stream ? static_cast<std::uint32_t>(MP_TAKE_SAME_STREAM) : 0U);
    const mp_status status = t_->take(queue_, limits.items, limits.bytes, flags, &works, &count);
    throw_on(status, "take");
    Taken taken;
    taken.state = status == MP_END     ? Taken::State::End
                  : status == MP_EMPTY ? Taken::State::Empty
                                       : Taken::State::Works;
    for (std::uint32_t i = 0; i < count; ++i) {
      const mp_work& work = works[i];
      taken.works.push_back({work.token, work.stream, copy(work.key), copy(work.ref),
                             copy(work.server_id), to_size(work.size),
                             static_cast<Want>(work.want)});
    }
    return taken;
  }

  int wake_fd() override { return t_->wake_fd(queue_); }

  std::unique_ptr<BodyWriter> open(std::uint64_t token) override {
    mp_writer* writer = nullptr;
    mp_error error = empty_error();
    throw_on(t_->open(queue_, token, &writer, &error), error);
    return std::make_unique<GuestWriter>(writer, t_);
  }

  void fail(std::uint64_t token, const Error& what) override {
    mp_error error = empty_error();
    const mp_status status = report(&error, what);
    t_->fail(queue_, token, status, &error);
  }

  void gone(std::uint64_t token) override { t_->gone(queue_, token); }

 private:
  mp_queue* queue_;
  const mp_queue_vt* t_;
};

}  // namespace mailpipe::detail
