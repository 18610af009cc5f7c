#pragma once

#include <mailpipe/body.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace mailpipe::mbox {

inline constexpr std::string_view kPostmark = "From ";

/// The line before a message: "From SENDER Tue Nov 14 22:13:20 2023\n", in UTC. The sender is that of
/// Return-Path, if every reader can take it for an address, or else MAILER-DAEMON; a message whose
/// arrival nobody knows came in 1970.
std::string postmark(const Body& body, const std::optional<std::chrono::sys_seconds>& received_at);

/// The time in a postmark that somebody wrote, as if it were UTC.
std::optional<std::chrono::sys_seconds> time_of(std::string_view postmark);

}  // namespace mailpipe::mbox
