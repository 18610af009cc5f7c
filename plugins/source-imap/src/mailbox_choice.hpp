#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mailpipe::imap {

/// `*` stands for any characters, `%` for any but "/", `?` for one character but "/"; a backslash takes the next one as it
/// is. No pattern takes exponential time.
bool glob_matches(std::string_view pattern, std::string_view text);

/// What a mailbox is chosen by.
struct Choosable {
  std::string label;  ///< as label_of() gives it
  std::string role;
  bool subscribed = false;
  std::string
      foreign;  ///< another user's or shared: label of its namespace with the "/" at its end; else empty
};

/// Which mailboxes are copied: `mailboxes:` of the options.
///
/// A pattern is a glob on the label, or "\role". Without `include` all are in but those of other users and shared ones,
/// which are in when a pattern begins with the name of their namespace.
class MailboxChoice {
 public:
  MailboxChoice(std::vector<std::string> include, std::vector<std::string> exclude,
                bool subscribed_only)
      : include_(std::move(include)),
        exclude_(std::move(exclude)),
        subscribed_only_(subscribed_only) {}

  bool includes(const Choosable& mailbox) const;

 private:
  std::vector<std::string> include_, exclude_;
  bool subscribed_only_;
};

}  // namespace mailpipe::imap
