#pragma once

#include <mailpipe/detail/errors.hpp>
#include <mailpipe/detail/views.hpp>
#include <mailpipe/error.hpp>
#include <mailpipe/host.hpp>
#include <mailpipe/plugin.h>

#include <algorithm>
#include <string>
#include <vector>

// The host as a plugin sees it: the C tables of the engine behind the C++ interfaces.
namespace mailpipe::detail {

/// File operations through the engine.
class GuestFs final : public Fs {
 public:
  explicit GuestFs(const mp_fs* table) noexcept : t_(table) {}

  int openat(int dir, const char* path, int flags, unsigned mode) noexcept override {
    return t_->openat(t_->ctx, dir, path, flags, mode);
  }

  int close(int fd) noexcept override { return t_->close(t_->ctx, fd); }

  int mkdirat(int dir, const char* path, unsigned mode) noexcept override {
    return t_->mkdirat(t_->ctx, dir, path, mode);
  }

  std::int64_t write(int fd, const void* data, std::size_t n) noexcept override {
    return t_->write(t_->ctx, fd, data, n);
  }

  std::int64_t pwrite(int fd, const void* data, std::size_t n,
                      std::uint64_t offset) noexcept override {
    return t_->pwrite(t_->ctx, fd, data, n, offset);
  }

  std::int64_t pread(int fd, void* data, std::size_t n, std::uint64_t offset) noexcept override {
    return t_->pread(t_->ctx, fd, data, n, offset);
  }

  int fdatasync(int fd) noexcept override { return t_->fdatasync(t_->ctx, fd); }

  int fsync(int fd) noexcept override { return t_->fsync(t_->ctx, fd); }

  int syncfs(int fd) noexcept override { return t_->syncfs(t_->ctx, fd); }

  int rename_noreplace(int from_dir, const char* from, int to_dir,
                       const char* to) noexcept override {
    return t_->rename_noreplace(t_->ctx, from_dir, from, to_dir, to);
  }

  int rename(int from_dir, const char* from, int to_dir, const char* to) noexcept override {
    return t_->rename(t_->ctx, from_dir, from, to_dir, to);
  }

  int linkat(int from_dir, const char* from, int to_dir, const char* to) noexcept override {
    return t_->linkat(t_->ctx, from_dir, from, to_dir, to);
  }

  int unlinkat(int dir, const char* path, int flags) noexcept override {
    return t_->unlinkat(t_->ctx, dir, path, flags);
  }

  int ftruncate(int fd, std::uint64_t size) noexcept override {
    return t_->ftruncate(t_->ctx, fd, size);
  }

  int set_mtime(int fd, std::int64_t seconds) noexcept override {
    return t_->set_mtime(t_->ctx, fd, seconds);
  }

  int stat(int dir, const char* path, FileInfo& out) noexcept override {
    mp_stat raw{};
    raw.struct_size = sizeof raw;
    const int result = t_->stat(t_->ctx, dir, path, &raw);
    if (result >= 0) {
      out = {raw.mode, raw.device, raw.inode, raw.size, raw.links, raw.mtime, raw.uid, raw.gid};
    }
    return result;
  }

  int list(int dir, const std::function<void(std::string_view)>& name) noexcept override {
    const auto each = [](void* user, mp_str entry) noexcept {
      (*static_cast<const std::function<void(std::string_view)>*>(user))(text(entry));
    };
    return t_->list(t_->ctx, dir, each, const_cast<void*>(static_cast<const void*>(&name)));
  }

 private:
  const mp_fs* t_;
};

class GuestHost final : public Host {
 public:
  explicit GuestHost(const mp_host* table) noexcept : t_(table), fs_(table->fs) {}

  const mp_host* table() const noexcept { return t_; }

  using Host::log;

  void log(LogLevel level, std::string_view message, const Pairs& fields) override {
    const std::vector<mp_pair> views = pair_views(fields);
    t_->log(t_, static_cast<std::int32_t>(level), view(message), views.data(), views.size());
  }

  void count(std::string_view name, std::uint64_t add) override {
    t_->counter(t_, view(name), add);
  }

  Cancel cancelled() const override { return static_cast<Cancel>(t_->cancelled(t_)); }

  int cancel_fd() const override { return t_->cancel_fd(t_); }

  void wait(std::chrono::milliseconds time) override {
    throw_on(t_->wait_ms(t_, static_cast<std::uint64_t>(std::max<std::int64_t>(0, time.count()))),
             "wait");
  }

  std::chrono::sys_seconds run_time() const override {
    return std::chrono::sys_seconds(std::chrono::seconds(t_->run_time(t_)));
  }

  std::string secret(std::string_view pointer, bool refresh) override {
    std::string value;
    mp_error error = empty_error();
    throw_on(t_->secret(t_, view(pointer), refresh ? 1 : 0, assign, &value, &error), error);
    return value;
  }

  std::optional<std::string> get(std::string_view name) override {
    std::string value;
    const mp_status status = t_->kv_get(t_, view(name), assign, &value);
    if (status == MP_NOT_FOUND) {
      return std::nullopt;
    }
    throw_on(status, "get");
    return value;
  }

  void put(std::string_view name, std::string_view value) override {
    throw_on(t_->kv_put(t_, view(name), view(value)), "put");
  }

  std::optional<std::string> kept(std::string_view key) override {
    std::string now;
    const mp_status status = t_->kept(t_, view(key), assign, &now);
    if (status == MP_NOT_FOUND) {
      return std::nullopt;
    }
    throw_on(status, "kept");
    return now;
  }

  Fs& fs() override { return fs_; }

 private:
  static void assign(void* user, mp_str value) noexcept {
    *static_cast<std::string*>(user) = copy(value);
  }

  const mp_host* t_;
  GuestFs fs_;
};

}  // namespace mailpipe::detail
