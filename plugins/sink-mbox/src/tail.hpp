#pragma once

#include "record.hpp"

#include <mailpipe/file.hpp>

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

namespace mailpipe::mbox {

/// What lies behind the length that a box had before a batch was appended.
struct Tail {
  enum class Kind : std::uint8_t {
    Whole,    ///< the batch, perhaps with somebody's messages behind it
    Part,     ///< a part of it, or nothing; blocks that were never written read as zeros
    Foreign,  ///< a part of it, or nothing, and then, from `at` on, somebody's message
    Unknown,  ///< something else
  };
  Kind kind = Kind::Unknown;
  std::uint64_t at = 0;
};

/// The octets of an append, in order; `stages` are open, as Record::stages.
void for_each_chunk(Fs& fs, const std::vector<File>& stages, const BoxAppend& append,
                    const std::function<void(std::string_view)>& out);

/// `size` is that of the box, at least the old length.
Tail compare_tail(Fs& fs, const File& box, std::uint64_t size, const std::vector<File>& stages,
                  const BoxAppend& append);

}  // namespace mailpipe::mbox
