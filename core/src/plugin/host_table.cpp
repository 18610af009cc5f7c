#include "host_table.hpp"

#include <mailpipe/detail/errors.hpp>
#include <mailpipe/detail/views.hpp>

#include <algorithm>
#include <cstring>

namespace mailpipe::plugin {

namespace {

using detail::text;

Host& host_of(const mp_host* table) noexcept {
  return *static_cast<Host*>(table->ctx);
}

void log(const mp_host* table, std::int32_t level, mp_str message, const mp_pair* fields,
         std::size_t count) noexcept {
  detail::guard(nullptr, [&] {
    const std::int32_t known = std::clamp<std::int32_t>(level, MP_LOG_DEBUG, MP_LOG_ERROR);
    host_of(table).log(static_cast<LogLevel>(known), text(message),
                       detail::to_pairs(fields, fields == nullptr ? 0 : count));
    return MP_OK;
  });
}

void counter(const mp_host* table, mp_str name, std::uint64_t add) noexcept {
  detail::guard(nullptr, [&] { return host_of(table).count(text(name), add), MP_OK; });
}

std::int32_t cancelled(const mp_host* table) noexcept {
  return static_cast<std::int32_t>(host_of(table).cancelled());
}

std::int32_t cancel_fd(const mp_host* table) noexcept {
  return host_of(table).cancel_fd();
}

mp_status wait_ms(const mp_host* table, std::uint64_t time) noexcept {
  return detail::guard(nullptr, [&] {
    constexpr std::uint64_t kLongest = 1ULL << 40U;
    return host_of(table).wait(std::chrono::milliseconds(std::min(time, kLongest))), MP_OK;
  });
}

std::int64_t run_time(const mp_host* table) noexcept {
  return host_of(table).run_time().time_since_epoch().count();
}

mp_status secret(const mp_host* table, mp_str pointer, std::int32_t refresh, mp_str_cb give,
                 void* user, mp_error* error) noexcept {
  return detail::guard(error, [&] {
    std::string value = host_of(table).secret(text(pointer), refresh != 0);
    give(user, detail::view(value));
    ::explicit_bzero(value.data(), value.size());
    return MP_OK;
  });
}

mp_status kv_get(const mp_host* table, mp_str name, mp_str_cb give, void* user) noexcept {
  return detail::guard(nullptr, [&]() -> mp_status {
    const std::optional<std::string> value = host_of(table).get(text(name));
    if (!value) {
      return MP_NOT_FOUND;
    }
    give(user, detail::view(*value));
    return MP_OK;
  });
}

mp_status kv_put(const mp_host* table, mp_str name, mp_str value) noexcept {
  return detail::guard(nullptr, [&] { return host_of(table).put(text(name), text(value)), MP_OK; });
}

mp_status kept(const mp_host* table, mp_str key, mp_str_cb now, void* user) noexcept {
  return detail::guard(nullptr, [&]() -> mp_status {
    const std::optional<std::string> found = host_of(table).kept(text(key));
    if (!found) {
      return MP_NOT_FOUND;
    }
    now(user, detail::view(*found));
    return MP_OK;
  });
}

}  // namespace

HostTable::HostTable(Host& host) noexcept
    : fs_(make_fs_table(host.fs())),
      table_{.struct_size = sizeof(mp_host),
             .abi_major = MP_ABI_MAJOR,
             .abi_minor = MP_ABI_MINOR,
             .reserved = 0,
             .ctx = &host,
             .fs = &fs_,
             .log = log,
             .counter = counter,
             .cancelled = cancelled,
             .cancel_fd = cancel_fd,
             .wait_ms = wait_ms,
             .run_time = run_time,
             .secret = secret,
             .kv_get = kv_get,
             .kv_put = kv_put,
             .kept = kept} {}

}  // namespace mailpipe::plugin
