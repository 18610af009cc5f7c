#pragma once

#include <mailpipe/c_ptr.hpp>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mailpipe::rename {

/// A regular expression of PCRE2, on UTF-8; octets of the text that are no UTF-8 are never matched.
///
/// Threads  One at a time.
/// Errors   Config for an expression that cannot be compiled. A match that would take more than a million steps is no
///          match: mailbox names are foreign, and what one costs has a bound.
class Regex {
 public:
  explicit Regex(const std::string& pattern);

  using Groups =
      std::vector<std::string_view>;  ///< 0: all that was found; one that took no part is empty

  /// `text` with everything that is found in it replaced; nothing if nothing is found.
  std::optional<std::string> replace_all(std::string_view text,
                                         const std::function<std::string(const Groups&)>& by) const;

 private:
  bool find(std::string_view text, std::size_t from) const;
  Groups groups_in(std::string_view text) const;

  CPtr<pcre2_code, pcre2_code_free> code_;
  CPtr<pcre2_match_data, pcre2_match_data_free> found_;
  CPtr<pcre2_match_context, pcre2_match_context_free> limits_;
};

}  // namespace mailpipe::rename
