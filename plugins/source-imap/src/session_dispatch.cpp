// What the reader finds goes to the command that it answers.
#include "errors.hpp"
#include "session_impl.hpp"

#include <mailpipe/host.hpp>
#include <mailpipe/printable.hpp>

#include <optional>
#include <utility>

namespace mailpipe::imap {

namespace {

std::shared_ptr<Answer> answer_of(const CommandQueue::Entry* entry) {
  return entry == nullptr ? nullptr : entry->answer;
}

}  // namespace

std::unique_ptr<BodyTarget> Session::Impl::body(std::uint32_t uid, std::uint64_t octets) {
  const std::shared_ptr<Answer> answer = answer_for(uid);
  return answer ? answer->body(uid, octets) : nullptr;
}

void Session::Impl::unreadable(const Error& why) {
  ++dispatched;
  ++unreadable_count;
  const CommandQueue::Entry* entry = queue.oldest();
  if (entry != nullptr) {
    const std::shared_ptr<Answer> answer = entry->answer;
    answer->unreadable(Error(why.error_class(), where + ": " + why.what(), why.hint()));
  }
}

void Session::Impl::response(std::string_view text, UidSet listed) {
  std::optional<Parsed> parsed;
  try {
    parsed = parser.parse(text, std::move(listed));
  } catch (const Error& error) {
    if (error.error_class() != ErrorClass::Item) {
      throw Error(error.error_class(), where + ": " + error.what(), error.hint());
    }
    unreadable(error);
    return;
  }
  ++dispatched;
  std::visit([&](auto& value) { take(value); }, *parsed);
}

void Session::Impl::take(Tagged& tagged) {
  const CommandQueue::Entry entry = queue.take(tagged.tag);
  ++commands;
  if (tagged.result.code.name == "CAPABILITY") {
    learn(read_words(tagged.result.code.argument));
  }
  if (tagged.result.ok()) {
    last_refusal.reset();
  } else {
    last_refusal = Notice{tagged.result.status, tagged.result.code, tagged.result.text};
    alert(tagged.result.code, tagged.result.text);
  }
  entry.answer->completed(tagged.result);
}

void Session::Impl::take(const Continuation& continuation) {
  if (!queue.go_on(continuation.text)) {
    ++unknown;
  }
}

void Session::Impl::take(const Bye& bye) {
  if (says_token_expired(bye.text)) {
    login.refresh(login_generation);
  }
  throw bye_error(bye.text, where);
}

void Session::Impl::take(const Preauth& preauth_greeting) {
  if (greeted) {
    throw Error(ErrorClass::Transient, where + ": the server greets twice", kLaterHint);
  }
  greet(preauth_greeting.said.code);
  preauth = true;
}

void Session::Impl::take(Offered& words) {
  if (words.enabled) {
    return;
  }
  learn(std::move(words.words));
}

void Session::Impl::take(const Other& other) {
  unknown += other.known ? 0 : 1;
}

void Session::Impl::take(FetchRow& row) const {
  const std::shared_ptr<Answer> answer = answer_for(row.data.uid);
  if (!answer) {
    return;
  }
  for (const std::string& octets : row.bodies) {
    if (const auto target = answer->body(row.data.uid, octets.size())) {
      target->write(octets);
      target->done();
    }
  }
  answer->untagged(std::move(row.data));
}

void Session::Impl::take(Untagged& response) {
  if (const auto* notice = std::get_if<Notice>(&response)) {
    heed(*notice);
  }
  const bool search = std::holds_alternative<SearchData>(response);
  const std::shared_ptr<Answer> answer =
      search ? answer_of(queue.oldest([](const Answer& one) { return one.expects_search(); }))
             : answer_of(queue.oldest());
  if (answer) {
    answer->untagged(response);
  }
}

std::shared_ptr<Answer> Session::Impl::answer_for(std::uint32_t uid) const {
  return answer_of(
      queue.oldest([uid](const Answer& one) { return uid != 0 && one.expects_fetch(uid); }));
}

void Session::Impl::heed(const Notice& notice) {
  if (!greeted) {
    if (notice.status != Completion::Status::Ok) {
      throw command_error({notice.status, notice.code, notice.text}, where);
    }
    greet(notice.code);
    return;
  }
  if (notice.code.name == "CAPABILITY") {
    learn(read_words(notice.code.argument));
  }
  if (notice.status != Completion::Status::Ok) {
    last_refusal = notice;
  }
  alert(notice.code, notice.text);
}

/// RFC 9051 section 7.1: the text must be shown to people.
void Session::Impl::alert(const Code& code, const std::string& text) {
  if (code.name == "ALERT") {
    host.log(LogLevel::Warn, where + " says: " + printable(text, 300));
  }
}

}  // namespace mailpipe::imap
