#pragma once

#include "support/pipeline_run.hpp"
#include "support/tree_sink.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace mailpipe::test {

/// An account with the mailboxes "inbox" and "work", into one sink of mailboxes.
struct TreePipeline : PipelineRun {
  explicit TreePipeline(run::OnRemove how) : on_remove(how) {
    account.mailboxes["work"] = {"Work"};
    make_sinks = [this](run::Runner&) { return sinks_of_trees(); };
  }

  /// Every such call that comes after one that begins with `first`.
  void fail_behind(const std::string& first, const std::string& call) const {
    tree->before = [first, call, behind = false](const std::string& at) mutable {
      behind = behind || at.starts_with(first);
      if (behind && at == call) {
        throw Error(ErrorClass::Permanent, "the disk says no");
      }
    };
  }

  std::shared_ptr<Tree> tree = std::make_shared<Tree>();
  run::OnRemove on_remove;
  run::SinkCapabilities can{.link = true,
                            .update = true,
                            .remove = true,
                            .mailboxes = true,
                            .read = true,
                            .scan = true,
                            .ordered = false,
                            .places = true};
  bool refs_in_scan = false;

 private:
  std::vector<run::SinkPart> sinks_of_trees() const {
    auto sink = std::make_shared<TreeSink>(tree);
    sink->refs_in_scan = refs_in_scan;
    return {{.id = "tree", .sink = sink, .can = can, .on_remove = on_remove, .root = "tree"}};
  }
};

/// With a trash.
class Mirror : public testing::Test {
 protected:
  TreePipeline pipeline{run::OnRemove::Trash};
  Account& account = pipeline.account;
  Tree& tree = *pipeline.tree;
};

}  // namespace mailpipe::test
