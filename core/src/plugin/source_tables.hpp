#pragma once

#include "instance.hpp"

#include <mailpipe/source.hpp>

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

/// Where list() of a plugin reports to: the engine's Emitter behind the table of plugin.h.
struct mp_emitter {
  const mailpipe::plugin::Instance& instance;
  mailpipe::Emitter& out;
  mailpipe::plugin::Pending pending{};
};

/// One body on its way in.
struct mp_writer {
  mp_queue& queue;
  std::uint64_t token;
  std::unique_ptr<mailpipe::BodyWriter> body;
};

/// Where one call of fetch() takes its work from; keeps each batch of works until the last of them
/// is finished, and what the plugin left open until fetch() returns.
///
/// Threads  The thread that runs this call of fetch().
struct mp_queue {
  mp_queue(const mailpipe::plugin::Instance& from, mailpipe::WorkQueue& to)
      : instance(from),
        out(to) {}

  mp_queue(const mp_queue&) = delete;
  mp_queue& operator=(const mp_queue&) = delete;

  struct Batch {
    std::vector<mailpipe::Work> works;
    std::vector<mp_work> views;
  };

  const mailpipe::plugin::Instance& instance;
  mailpipe::WorkQueue& out;
  mailpipe::plugin::Pending pending;
  std::unordered_map<std::uint64_t, std::shared_ptr<Batch>> taken;
  std::unordered_map<mp_writer*, std::unique_ptr<mp_writer>> writers;
};

namespace mailpipe::plugin {

extern const mp_emitter_vt kEmitterTable;
extern const mp_queue_vt kQueueTable;

}  // namespace mailpipe::plugin
