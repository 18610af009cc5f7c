// Preloaded into a program under test: its wall clock is MAILPIPE_TEST_CLOCK_AHEAD seconds ahead. Waits are not affected,
// and neither is time(), by which certificates are judged.
#include <sys/syscall.h>
#include <time.h>  // NOLINT(modernize-deprecated-headers): clock_gettime is POSIX
#include <unistd.h>

#include <cstdlib>

extern "C" int clock_gettime(clockid_t clock, timespec* now) noexcept {
  static const char* const ahead = std::getenv("MAILPIPE_TEST_CLOCK_AHEAD");
  const auto result = static_cast<int>(::syscall(SYS_clock_gettime, clock, now));
  if (result == 0 && clock == CLOCK_REALTIME && ahead != nullptr) {
    now->tv_sec += std::atol(ahead);
  }
  return result;
}
