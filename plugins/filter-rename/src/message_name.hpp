#pragma once

#include "field_values.hpp"

#include <mailpipe/filter.hpp>

#include <cstddef>
#include <string>

namespace mailpipe::rename {

/// What is left to a sink of the 255 octets of a file name: an extension (.eml.json) and a number.
inline constexpr std::size_t kLongestName = 235;

/// Names of messages by one template. No two messages get one name: a template without {id}, {key} or {digest}, or
/// with too short a piece of them, gets _{key:8}.
///
/// Errors  Config for a template that lint refuses.
class MessageName {
 public:
  explicit MessageName(const std::string& text);

  Needs needs() const;

  /// At most kLongestName octets once it has gone through the encoder of file names. What is too long is cut, the
  /// longest piece first; what tells messages apart is not.
  std::string of(FieldValues& values) const;

 private:
  Template parts_;
  std::size_t unique_ = 0;  ///< the part that is never cut
};

}  // namespace mailpipe::rename
