#include "message_id_search.hpp"

#include "spool/message_id.hpp"

#include <mailpipe/error.hpp>

#include <optional>

namespace mailpipe::app {

namespace {

/// A header is not longer than that.
constexpr std::size_t kMostOctets = std::size_t{1} << 20U;

std::optional<std::uint64_t> message_id_in(Sink& sink, const state::ReceiptRow& from) {
  spool::MessageIdScan scan;
  std::size_t seen = 0;
  try {
    sink.read({.key = {},
               .place = from.place,
               .location = from.location,
               .size = from.size,
               .digest = from.digest,
               .keywords = {}},
              [&](std::string_view octets) {
                scan.add(octets);
                seen += octets.size();
                if (scan.done() || seen > kMostOctets) {
                  throw Error(ErrorClass::Cancelled, "read enough");
                }
              });
  } catch (const Error& error) {
    if (error.error_class() != ErrorClass::Cancelled) {
      return std::nullopt;  // not there, or not readable: nothing to say of it
    }
  }
  return scan.hash();
}

std::vector<const run::SinkPart*> readable(const run::Components& components) {
  std::vector<const run::SinkPart*> out;
  for (const run::SinkPart& part : components.sinks) {
    try {
      if (part.can.read) {
        part.sink->open(true);
        out.push_back(&part);
      }
    } catch (const Error&) {
      continue;
    }
  }
  return out;
}

}  // namespace

std::vector<state::Row> search_message_id(std::uint64_t hash, state::Ledger& ledger,
                                          const run::Components& components) {
  constexpr std::size_t kChunk = 500;
  const auto sinks = readable(components);
  const auto is_it = [&](state::RowId row) {
    for (const state::ReceiptRow& receipt : ledger.receipts(row)) {
      for (const run::SinkPart* part : sinks) {
        if (part->id == receipt.sink && receipt.state == state::ReceiptRow::State::Stored) {
          return message_id_in(*part->sink, receipt) == hash;
        }
      }
    }
    return false;
  };
  std::vector<state::Row> out;
  auto rows = ledger.without_message_id(0, kChunk);
  while (!sinks.empty() && !rows.empty()) {
    for (const state::RowId row : rows) {
      if (is_it(row)) {
        out.push_back(ledger.get(row));
      }
    }
    rows = ledger.without_message_id(rows.back(), kChunk);
  }
  return out;
}

}  // namespace mailpipe::app
