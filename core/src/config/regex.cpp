#include "config/regex.hpp"

#include <mailpipe/c_ptr.hpp>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace mailpipe::config {

RegexCheck compile_regex(const std::string& pattern) {
  RegexCheck out;
  int error = 0;
  PCRE2_SIZE offset = 0;
  const CPtr<pcre2_code, pcre2_code_free> code(pcre2_compile(
      reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
      PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C | PCRE2_DOLLAR_ENDONLY, &error, &offset, nullptr));
  if (code == nullptr) {
    std::array<PCRE2_UCHAR, 256> text{};
    pcre2_get_error_message(error, text.data(), text.size());
    out.wrong = reinterpret_cast<const char*>(text.data());
    // PCRE2 says how far it has read.
    out.offset = std::min<std::size_t>(offset, pattern.size()) - (offset > 0 ? 1 : 0);
    return out;
  }
  std::uint32_t groups = 0;
  pcre2_pattern_info(code.get(), PCRE2_INFO_CAPTURECOUNT, &groups);
  out.groups = static_cast<int>(groups);
  return out;
}

}  // namespace mailpipe::config
