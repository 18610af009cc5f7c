// SEARCH of the model server.
#include "support/model_imap_session.hpp"

#include <algorithm>

namespace mailpipe::test {

void ModelImapSession::search(ImapWords& words, bool by_uid) {
  bool extended = false;
  bool all = true;
  std::string wanted;
  if (upper(words.peek()) == "RETURN") {
    need("ESEARCH");
    words.next();
    extended = true;
    wanted = upper(words.next());
    all = wanted.empty() || wanted.find("ALL") != std::string::npos;
  }
  UidRanges uids = {{1, UINT32_MAX}};
  std::uint64_t since = 0;
  while (words.more()) {
    const std::string key = upper(words.next());
    if (key == "UID") {
      uids = ranges_of(words.next(), view_->empty() ? 0 : view_->back().uid);
    } else if (key == "MODSEQ") {
      need("CONDSTORE");
      since = std::stoull(words.next());
    } else if (key != "ALL" && key != "1:*") {
      throw Refused{"BAD SEARCH " + key};
    }
  }
  std::vector<std::uint32_t> found;
  std::uint32_t number = 0;
  for (const ModelMessage& message : *view_) {
    ++number;
    const bool within = std::any_of(uids.begin(), uids.end(), [&](const auto& range) {
      return message.uid >= range.first && message.uid <= range.second;
    });
    if (within && message.modseq >= since) {
      found.push_back(by_uid ? message.uid : number);
    }
  }
  if (!extended) {
    put("* SEARCH");
    for (const std::uint32_t one : found) {
      put(" " + std::to_string(one));
    }
    put("\r\n");
    return;
  }
  std::string values;
  if (wanted.find("COUNT") != std::string::npos) {
    values += " COUNT " + std::to_string(found.size());
  }
  if (!found.empty() && wanted.find("MIN") != std::string::npos) {
    values += " MIN " + std::to_string(found.front());
  }
  if (!found.empty() && wanted.find("MAX") != std::string::npos) {
    values += " MAX " + std::to_string(found.back());
  }
  if (!found.empty() && all) {
    values += " ALL " + set_of(found);
  }
  put("* ESEARCH (TAG " + quoted(tag_) + ")" + (by_uid ? " UID" : "") + values + "\r\n");
}

}  // namespace mailpipe::test
