#pragma once

#include <mailpipe/plugin.h>

#include <string>

// Whether what a plugin handed over has the form that plugin.h promises. Each function returns what
// is wrong, for Instance::breach(), or null. Texts are not read, only their ends are looked at.
namespace mailpipe::plugin {

/// A count beyond this is a negative number or rubbish; also what keeps a loop over it short.
inline constexpr std::uint32_t kMaxCount = 1U << 20U;

const char* wrong_with(mp_str text) noexcept;
const char* wrong_with(const mp_mailbox* mailbox) noexcept;
const char* wrong_with(const mp_mailbox* mailboxes, std::uint32_t count) noexcept;
const char* wrong_with(const mp_item* item) noexcept;
const char* wrong_with(const mp_event* event) noexcept;
const char* wrong_with(const mp_verdict& verdict) noexcept;
const char* wrong_with(const mp_staged& staged) noexcept;
const char* wrong_with(const mp_found* found) noexcept;
const char* wrong_with(const mp_error* error) noexcept;  ///< which may be NULL

}  // namespace mailpipe::plugin
