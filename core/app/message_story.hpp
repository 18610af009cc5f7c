#pragma once

#include "config/pipeline.hpp"
#include "state/ledger.hpp"

#include <nlohmann/json_fwd.hpp>

#include <map>
#include <string>

namespace mailpipe::app {

/// What the ledger knows of one message, for people and for machines: what became of it, why, and where it lies.
class MessageStory {
 public:
  MessageStory(state::Ledger& ledger, const config::Pipeline& pipeline);

  nlohmann::json json(const state::Row& row);

  /// Several lines.
  std::string text(const state::Row& row);

 private:
  nlohmann::json copies(const state::Row& row);
  nlohmann::json owner_of(const state::Row& row);
  std::string reason(const state::Row& row, const nlohmann::json& story) const;
  std::string path_of(const state::ReceiptRow& receipt) const;

  state::Ledger& ledger_;
  std::map<std::string, std::string> roots_;  // by the sink's id
};

}  // namespace mailpipe::app
