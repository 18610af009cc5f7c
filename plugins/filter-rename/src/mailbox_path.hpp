#pragma once

#include "field_values.hpp"
#include "regex.hpp"

#include <mailpipe/item.hpp>
#include <mailpipe/options.hpp>

#include <optional>
#include <string>
#include <vector>

namespace mailpipe::rename {

using Path = std::vector<std::string>;

/// Where messages lie: the first of the rules that is found in a mailbox's path, then the template. From metadata
/// alone.
///
/// Threads  One.
/// Errors   Config for a rule or template that lint refuses.
class MailboxPath {
 public:
  explicit MailboxPath(const Options& options);

  bool empty() const noexcept { return rules_.empty() && !whole_; }

  /// The message's places, each once; empty when they are those of the item. An item without a key stands for
  /// mailboxes by themselves: one that goes by what a message is gets an empty path, which says that there is none.
  std::vector<Mailbox> of(FieldValues& values) const;

 private:
  struct Rule {
    Regex match;
    Template to;
  };

  Path mapped(const Path& path, FieldValues& values) const;
  Path filled_in(const Path& path, FieldValues& values) const;

  std::vector<Rule> rules_;
  std::optional<Template> whole_;
};

}  // namespace mailpipe::rename
