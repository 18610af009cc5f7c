#include "pipeline/odd_mailboxes.hpp"

#include "support/sample_mail.hpp"

#include <algorithm>
#include <stdexcept>

namespace mailpipe::test {
namespace {

using mailpipe::testing::ImapAccount;
using mailpipe::testing::make_sample;
using mailpipe::testing::SampleMail;

std::vector<std::string> odd_names() {
  std::vector<std::string> names = {
      "with space",
      " leading space",
      "trailing space ",
      "trailing space /below it",
      "\"quoted\"",
      "it's",
      "back\\slash",
      "R&D",
      "R&D/A&-B",
      "100% & 50%41",
      "semi;colon:and,comma",
      "(round) {curly}",
      "-rf",
      "~home",
      "#hash",
      "Gr\xC3\xB6\xC3\x9F"
      "e",
      "\xC3\x9C"
      "bung/\xC3\x84rger/\xC3\x96l",
      "e\xCC\x81 decomposed",
      "\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E/\xE5\x8F\x97\xE4\xBF\xA1/\xE5\x8F\xA4\xE3\x81\x84",
      "\xF0\x9F\x93\xA7 mail",
      "\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x92\xBB",
      ".hidden",
      ".hidden/.twice",
      "..two dots",
      "dots.in.the.name",
      "dots.in.the.name/v1.0",
      "cur",
      "new",
      "tmp",
      "parts",
      "parts/cur",
      "parts/new",
      "parts/tmp",
      "parts/cur/tmp",
      "Cur",
      "work",
      "Work",
      std::string(250, 'x'),
      "deep/" + std::string(250, 'y'),
  };
  std::string umlauts;  // 250 octets in modified UTF-7
  for (int i = 0; i < 93; ++i) {
    umlauts += "\xC3\xA4";
  }
  names.push_back(umlauts);
  return names;
}

std::vector<std::string> plain_names() {
  std::vector<std::string> names{"Clients"};
  for (int client = 1; client <= 9; ++client) {
    const std::string top = "Clients/Client " + std::to_string(client);
    names.push_back(top);
    for (int year = 2010; year < 2024; ++year) {
      names.push_back(top + "/" + std::to_string(year));
    }
  }
  return names;
}

bool create(ImapAccount& account, const std::string& name) {
  try {
    account.create(name);
    return true;
  } catch (const std::runtime_error&) {
    return false;
  }
}

void fill(ImapAccount& account) {
  const std::vector<std::string> names = account.list();
  std::size_t sample = 0;
  for (std::size_t i = 0; i < names.size(); ++i) {
    std::vector<SampleMail> mails;
    for (std::size_t n = 0; n < i % 3 * 2; ++n) {
      mails.push_back(make_sample(1, sample++));
    }
    if (!mails.empty()) {
      account.append_all(names[i], mails);
    }
  }
}

}  // namespace

std::vector<std::string> fill_odd_mailboxes(ImapAccount& account) {
  std::vector<std::string> refused;
  for (const std::string& name : odd_names()) {
    if (!create(account, name)) {
      refused.push_back(name);
    }
  }
  std::size_t there = account.list().size();
  for (const std::string& name : plain_names()) {
    if (there < kOddMailboxes && create(account, name)) {
      ++there;
    }
  }
  if (account.list().size() != kOddMailboxes) {
    throw std::runtime_error("the server made " + std::to_string(account.list().size()) +
                             " mailboxes");
  }
  fill(account);
  return refused;
}

}  // namespace mailpipe::test
