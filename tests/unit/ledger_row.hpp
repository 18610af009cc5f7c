#pragma once

#include "state/ledger.hpp"

#include <string>

namespace mailpipe::state {

/// A message of 10 octets in the first stream.
inline Row row_of(const std::string& key, RowState state) {
  Row row;
  row.state = state;
  row.item.key = key;
  row.item.stream = 1;
  row.item.size = 10;
  return row;
}

}  // namespace mailpipe::state
