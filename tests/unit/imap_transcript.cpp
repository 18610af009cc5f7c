#include "imap_transcript.hpp"

#include <algorithm>

namespace mailpipe::imap {

namespace {

const char* name_of(Completion::Status status) {
  return status == Completion::Status::Ok ? "OK" : status == Completion::Status::No ? "NO" : "BAD";
}

std::string show(const Code& code, const std::string& text) {
  std::string out;
  if (!code.name.empty()) {
    out += " [" + code.name + (code.argument.empty() ? "" : "|" + code.argument) + "]";
  }
  return out + (text.empty() ? "" : " " + text);
}

std::string show(const std::vector<std::string>& words) {
  std::string out = "(";
  for (const std::string& word : words) {
    out += (out.size() > 1 ? "|" : "") + word;
  }
  return out + ")";
}

std::string show(const std::optional<char>& separator) {
  return separator ? std::string(1, *separator) : "NIL";
}

std::string show(const Notice& notice) {
  return name_of(notice.status) + show(notice.code, notice.text);
}

std::string show(const FetchData& data) {
  std::string out = "fetch " + std::to_string(data.uid);
  out += data.flags ? " flags" + show(*data.flags) : "";
  out += data.size ? " size=" + std::to_string(*data.size) : "";
  out += data.internal_date
             ? " date=" + std::to_string(data.internal_date->time_since_epoch().count())
             : "";
  out += data.modseq != 0 ? " modseq=" + std::to_string(data.modseq) : "";
  out += data.email_id.empty() ? "" : " email=" + data.email_id;
  out += data.guid.empty() ? "" : " guid=" + data.guid;
  out += data.gm_msgid.empty() ? "" : " gm=" + data.gm_msgid;
  out += data.gm_labels ? " labels" + show(*data.gm_labels) : "";
  return out + (data.had_body ? " body" : "");
}

std::string show(const ListEntry& entry) {
  return "list " + show(entry.attributes) + " " + show(entry.separator) + " <" + entry.name + ">";
}

std::string show(const StatusData& data) {
  std::string out = "status <" + data.name + ">";
  out += data.uid_validity ? " validity=" + std::to_string(*data.uid_validity) : "";
  out += data.uid_next ? " next=" + std::to_string(*data.uid_next) : "";
  out += data.messages ? " messages=" + std::to_string(*data.messages) : "";
  out += data.highest_modseq ? " modseq=" + std::to_string(*data.highest_modseq) : "";
  return out + (data.mailbox_id.empty() ? "" : " id=" + data.mailbox_id);
}

std::string show(const SearchData& data) {
  return "search " + data.uids.text() +
         (data.modseq ? " modseq=" + std::to_string(*data.modseq) : "");
}

std::string show(const VanishedData& data) {
  return std::string("vanished ") + (data.earlier ? "earlier " : "") + data.uids.text();
}

std::string show(const ExistsData& data) {
  return "exists " + std::to_string(data.messages);
}

std::string show(const ExpungeData& data) {
  return "expunge " + std::to_string(data.number);
}

std::string show(const std::vector<NamespaceData::Entry>& entries) {
  std::string out;
  for (const auto& entry : entries) {
    out += "<" + entry.prefix + ">" + show(entry.separator);
  }
  return out;
}

std::string show(const NamespaceData& data) {
  return "namespace " + show(data.personal) + ";" + show(data.others) + ";" + show(data.shared);
}

std::string show(const IdData& data) {
  std::string out = "id";
  for (const auto& [name, value] : data.fields) {
    out += " " + name + "=" + value;
  }
  return out;
}

std::string show(const Untagged& response) {
  return std::visit([](const auto& value) { return show(value); }, response);
}

std::string show(const Tagged& tagged) {
  return "tagged " + tagged.tag + " " + name_of(tagged.result.status) +
         show(tagged.result.code, tagged.result.text);
}

std::string show(const Continuation& continuation) {
  return "+ " + continuation.text;
}

std::string show(const Bye& bye) {
  return "bye " + bye.text;
}

std::string show(const Preauth& preauth) {
  return "preauth" + show(preauth.said.code, preauth.said.text);
}

std::string show(const Offered& offered) {
  return (offered.enabled ? "enabled " : "can ") +
         show(std::vector<std::string>(offered.words.begin(), offered.words.end()));
}

std::string show(const Other& other) {
  return (other.known ? "passed over " : "unknown ") + other.word;
}

std::string show(const FetchRow& row) {
  std::string out;
  for (const std::string& octets : row.bodies) {
    out += "quoted body <" + octets + ">\n";
  }
  return out + show(row.data);
}

}  // namespace

struct Transcript::Target : BodyTarget {
  Target(Transcript& transcript, std::string begin) : told(transcript), text(std::move(begin)) {}

  void write(std::string_view octets) override { text += octets; }

  void done() override { told.say(text + ">"); }

  Transcript& told;
  std::string text;
};

std::unique_ptr<BodyTarget> Transcript::body(std::uint32_t uid, std::uint64_t octets) {
  return std::make_unique<Target>(
      *this, "body " + std::to_string(uid) + "/" + std::to_string(octets) + " <");
}

void Transcript::response(std::string_view text, UidSet listed) {
  try {
    say(std::visit([](const auto& value) { return show(value); },
                   parser_.parse(text, std::move(listed))));
  } catch (const Error& error) {
    if (error.error_class() != ErrorClass::Item) {
      throw;
    }
    unreadable(error);
  }
}

void Transcript::unreadable(const Error& why) {
  constexpr std::string_view kBegin = "the server's answer cannot be read: ";
  std::string_view text = why.what();
  say("UNREADABLE: " + std::string(text.substr(text.rfind(kBegin, 0) == 0 ? kBegin.size() : 0)));
}

}  // namespace mailpipe::imap
