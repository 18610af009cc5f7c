#pragma once

namespace mailpipe::test {

/// Whether a sanitizer is built in: it keeps what was freed, so memory is not measured then.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

}  // namespace mailpipe::test
