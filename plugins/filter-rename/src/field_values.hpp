#pragma once

#include "template_rules.hpp"
#include "time_text.hpp"

#include <mailpipe/body.hpp>
#include <mailpipe/item.hpp>

#include <optional>
#include <string>

namespace mailpipe::rename {

/// What the fields of a template stand for, for one message.
///
/// Ownership  Borrows everything, for the length of one judge().
class FieldValues {
 public:
  /// `body` is null when templates name metadata only.
  FieldValues(const Item& item, const Body* body, const TimeText& time)
      : item_(item),
        body_(body),
        time_(time) {}

  /// The field's text with its format applied. As it came where it is the server's own (id, mailbox): sinks encode
  /// names. Subject and author are one_line().
  std::string text(const TemplatePart& part);

  const Item& item() const noexcept { return item_; }

 private:
  std::string raw(const std::string& field);
  std::string id() const;
  std::string from(bool address);
  std::string header(const char* name);

  const Item& item_;
  const Body* body_;
  const TimeText& time_;
  std::optional<std::string> head_;
};

/// A hash of the key in 26 characters, 5 bits each, that differ in more than case: 0-9 and a-z without i, l, o, u.
std::string key_text(const std::string& key);

/// DFPRST, as in the name of a file in a Maildir.
std::string flag_letters(const std::vector<std::string>& keywords);

/// "Work.2024": the first mailbox in the order of their paths.
std::string first_mailbox(const std::vector<Mailbox>& places);

}  // namespace mailpipe::rename
