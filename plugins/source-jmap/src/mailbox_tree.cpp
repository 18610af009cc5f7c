#include "mailbox_tree.hpp"

#include "fields.hpp"

#include <mailpipe/error.hpp>
#include <mailpipe/printable.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>

namespace mailpipe::jmap {

namespace {

constexpr std::size_t kDeepest = 100;

std::string lower_word(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) {
    return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  });
  return text;
}

}  // namespace

std::vector<MailboxRow> read_mailboxes(const MethodResult& result) {
  std::vector<MailboxRow> rows;
  const Fields fields(*result.arguments, result.where);
  for (const nlohmann::json& entry : fields.array("list")) {
    const Fields mailbox(entry, result.where);
    MailboxRow row;
    row.id = mailbox.id("id");
    row.name = mailbox.text("name");
    if (row.name.empty()) {
      row.name = row.id;
    }
    row.parent = mailbox.has("parentId") ? mailbox.id("parentId") : "";
    row.role = lower_word(mailbox.text_or("role", ""));
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<Mailbox> with_paths(const std::vector<MailboxRow>& rows) {
  std::map<std::string, const MailboxRow*> by_id;
  for (const MailboxRow& row : rows) {
    by_id.emplace(row.id, &row);
  }
  std::vector<Mailbox> mailboxes;
  for (const MailboxRow& row : rows) {
    std::vector<const MailboxRow*> chain = {&row};
    for (auto up = by_id.find(row.parent); up != by_id.end();
         up = by_id.find(chain.back()->parent)) {
      if (std::find(chain.begin(), chain.end(), up->second) != chain.end()) {
        break;
      }
      if (chain.size() == kDeepest) {
        throw Error(ErrorClass::Permanent, "mailbox \"" + printable(row.name, 100) +
                                               "\" lies more than " + std::to_string(kDeepest) +
                                               " levels deep");
      }
      chain.push_back(up->second);
    }
    Mailbox mailbox{row.id, {}, row.role};
    std::for_each(chain.rbegin(), chain.rend(),
                  [&](const MailboxRow* part) { mailbox.path.push_back(part->name); });
    mailboxes.push_back(std::move(mailbox));
  }
  return mailboxes;
}

}  // namespace mailpipe::jmap
