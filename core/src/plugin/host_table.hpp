#pragma once

#include <mailpipe/fs.hpp>
#include <mailpipe/host.hpp>
#include <mailpipe/plugin.h>

namespace mailpipe::plugin {

/// File operations of an Fs as the table of plugin.h. The Fs is borrowed.
mp_fs make_fs_table(Fs& fs) noexcept;

/// A Host as the table that a plugin sees.
///
/// Life cycle  Outlives the component that was given the table; the Host outlives both.
/// Threads     As Host.
/// Errors      What the Host throws comes back to the plugin as a status.
class HostTable {
 public:
  explicit HostTable(Host& host) noexcept;
  HostTable(const HostTable&) = delete;
  HostTable& operator=(const HostTable&) = delete;

  const mp_host* get() const noexcept { return &table_; }

 private:
  mp_fs fs_;
  mp_host table_;
};

}  // namespace mailpipe::plugin
