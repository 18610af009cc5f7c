#pragma once

#include "state/row.hpp"

#include <mailpipe/sink.hpp>

#include <string>

namespace mailpipe::run {

/// What the ledger knows of one copy, as its sink is told of it.
inline Receipt to_receipt(const std::string& key, const state::ReceiptRow& from) {
  return {.key = key,
          .place = from.place,
          .location = from.location,
          .size = from.size,
          .digest = from.digest,
          .keywords = from.keywords};
}

}  // namespace mailpipe::run
