// The threads of a run beside the engine's own: the source's, and the one that hears signals. See engine.hpp.
#include "run/engine.hpp"

#include <poll.h>

#include <algorithm>
#include <future>

namespace mailpipe::run {

void Engine::start_threads() {
  threads_.emplace_back([this] { guarded([this] { list_loop(); }); });
  if (!dry_run_) {
    const std::uint32_t count =
        std::clamp<std::uint32_t>(components_.source->fetch_threads(), 1, 64);
    for (std::uint32_t i = 0; i < count; ++i) {
      threads_.emplace_back([this] { guarded([this] { fetch_loop(); }); });
    }
  }
}

void Engine::start_watcher() {
  watcher_ = std::thread([this] { watch_loop(); });
}

// Turns a signal into a task: a signal handler cannot wake the inbox by itself.
void Engine::watch_loop() {
  Cancel told = Cancel::Running;
  for (;;) {
    pollfd fds[] = {{watcher_stop_fd_, POLLIN, 0},
                    {services_.cancellation.drain_fd(),
                     static_cast<short>(told == Cancel::Running ? POLLIN : 0), 0},
                    {services_.cancellation.abort_fd(), POLLIN, 0}};
    ::poll(fds, 3, -1);
    if (fds[0].revents != 0) {
      return;
    }
    const Cancel level = services_.cancellation.level();
    if (level != told) {
      told = level;
      inbox_.post([this, level] {
        if (level == Cancel::Abort && services_.cancellation.signal() != 0) {
          aborted_ = true;
        }
        stop(std::nullopt, "");
      });
    }
    if (level == Cancel::Abort) {
      return;
    }
  }
}

// For one attempt at listing.
Cursors Engine::cursors() {
  doubts_ = ledger_.doubt_uncovered();
  doubted_cursors_.clear();
  Cursors out;
  for (const auto& stream : ledger_.streams()) {
    out.push_back({stream.id, stream.name, stream.cursor});
  }
  return out;
}

// For one more attempt. What the last one brought must be settled and its cursors written: listed from before them, a message
// that was removed between the attempts would be told of by neither.
Cursors Engine::cursors_when_quiet() {
  auto task = std::make_shared<std::packaged_task<Cursors()>>([this] { return cursors(); });
  std::future<Cursors> result = task->get_future();
  inbox_.post_after_events([this, task] { when_quiet_ = [task] { (*task)(); }; });
  task.reset();
  try {
    return result.get();
  } catch (const std::future_error&) {
    throw Error(ErrorClass::Cancelled, "the run is ending");
  }
}

// The top of the source's threads: what is thrown there ends the run.
void Engine::guarded(const std::function<void()>& loop) {
  try {
    loop();
  } catch (const Error& error) {
    if (error.error_class() != ErrorClass::Cancelled) {
      inbox_.post([this, error] { stop(error, "source"); });
    }
  } catch (const std::exception& unexpected) {
    const Error error(ErrorClass::Internal,
                      std::string("unexpected exception: ") + unexpected.what());
    inbox_.post([this, error] { stop(error, "source"); });
  }
}

void Engine::list_loop() {
  Backoff backoff(setup_.settings.max_backoff, setup_.settings.retry_budget);
  ListProgress progress;
  bool from_scratch = false;
  for (bool first = true;; first = false) {
    try {
      Cursors from = first ? inbox_.ask([this] { return cursors(); }) : cursors_when_quiet();
      for (Cursor& cursor : from) {
        cursor.value = from_scratch ? std::string() : cursor.value;
      }
      const std::unique_ptr<Emitter> emitter = make_emitter(backoff, progress);
      components_.source->list(from, *emitter);
      inbox_.post_after_events([this] { on_list_done(); });
      return;
    } catch (const Error& error) {
      if (error.error_class() == ErrorClass::CursorLost && !from_scratch) {
        from_scratch = true;
        services_.log(LogLevel::Warn, "source",
                      std::string(error.what()) + "; listing everything again", {});
        continue;
      }
      if (error.error_class() == ErrorClass::Permanent) {
        inbox_.post_after_events([this, error] { on_list_failed(error); });
        return;
      }
      const auto wait = may_pass(error.error_class()) ? backoff.next(error) : std::nullopt;
      if (!wait) {
        throw;
      }
      services_.log(LogLevel::Warn, "source",
                    std::string(error.what()) + "; trying again in " +
                        std::to_string((wait->count() + 999) / 1000) + " s",
                    {});
      if (!services_.cancellation.wait(*wait)) {
        return;
      }
    }
  }
}

void Engine::fetch_loop() {
  for (int idle_returns = 0; idle_returns < 3;) {
    const std::unique_ptr<FetchQueue::Session> session = queue_.session();
    try {
      components_.source->fetch(*session);
      if (session->ended()) {
        return;
      }
      ++idle_returns;
    } catch (const Error& error) {
      if (!may_pass(error.error_class())) {
        throw;
      }
      inbox_.post([this, error] { on_source_failed(error); });
    }
  }
  throw Error(ErrorClass::Internal, "the source stops fetching though there is work");
}

}  // namespace mailpipe::run
