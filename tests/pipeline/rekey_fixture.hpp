#pragma once

#include "pipeline/tree_pipeline.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <future>
#include <optional>
#include <string>

namespace mailpipe::test {

/// Messages that the server gives another id, and files that are there already.
class Rekey : public testing::Test {
 protected:
  /// The server gives a message another id, as after a changed UIDVALIDITY; `id` tells whether its server id stays.
  void rekey(
      const std::string& from, const std::string& to, bool keeps_server_id,
      const std::function<void(Account::Message&)>& change = [](auto&) {}) {
    Account::Message message = account.messages.at(from);
    account.remove(from);
    message.server_id = keeps_server_id ? message.server_id.value_or(from) : std::string();
    change(message);
    account.add(to, message);
  }

  /// So many stored messages that one is sampled when the next run adopts them on another tool's records.
  void adopt_many() {
    for (int i = 0; i < 250; ++i) {
      account.add("m" + std::to_string(i), {.body = "A: " + std::to_string(i) + "\r\n\r\nbody"});
    }
    pipeline.run();
    pipeline.refs_in_scan = true;
  }

  void forget_fetches() {
    pipeline.script.header_fetches = 0;
    pipeline.script.body_fetches = 0;
  }

  /// The source tells more of a message, by its key, while it is being fetched for the first time in the next run; then the
  /// fetch fails, if it is to.
  void tell_while_fetching(
      const std::function<void(StreamId, Emitter&, const std::string& key)>& tell,
      std::optional<ErrorClass> then = std::nullopt) {
    pipeline.script.on_fetch = [this, then](const std::string& id) {
      if (first_.empty()) {
        first_ = id;
        fetched_.set_value(id);
        told_.get_future().wait();
      }
      if (then && id == first_) {
        throw Error(*then, "it does not come");
      }
    };
    pipeline.script.after_items = [this, tell](StreamId stream, Emitter& out) {
      tell(stream, out, ScriptedSource::key(fetched_.get_future().get()));
      for (int i = 0; i < 1'200;
           ++i) {  // more than may wait: what was told before is heard by then
        out.estimate(stream, 0);
      }
      told_.set_value();
    };
  }

  TreePipeline pipeline{run::OnRemove::Delete};
  Account& account = pipeline.account;
  Tree& tree = *pipeline.tree;

 private:
  std::string first_;
  std::promise<std::string> fetched_;
  std::promise<void> told_;
};

}  // namespace mailpipe::test
