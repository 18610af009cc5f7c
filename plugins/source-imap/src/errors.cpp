#include "errors.hpp"

#include "response_code.hpp"

#include <mailpipe/printable.hpp>

#include <algorithm>
#include <array>
#include <cctype>

namespace mailpipe::imap {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLongestWait = std::chrono::minutes(15);
constexpr const char* kLess =
    "the server wants less of us; run again later, or lower rate and connections";
constexpr const char* kLogin = "check user, password or token; it may have expired or been revoked";

struct Meaning {
  const char* sign;  ///< a response code, or words of the text in lower case
  ErrorClass error_class;
  const char* hint;
};

// RFC 5530, RFC 9051 section 7.1, RFC 9738 and what Gmail (OVERQUOTA, THROTTLED, WEBALERT) sends.
constexpr std::array kCodes = {
    Meaning{"OVERQUOTA", ErrorClass::RateLimit, kLess},
    Meaning{"THROTTLED", ErrorClass::RateLimit, kLess},
    Meaning{"LIMIT", ErrorClass::RateLimit, kLess},
    Meaning{"MESSAGELIMIT", ErrorClass::RateLimit, kLess},
    Meaning{"UNAVAILABLE", ErrorClass::Transient, kLaterHint},
    Meaning{"INUSE", ErrorClass::Transient, kLaterHint},
    Meaning{"AUTHENTICATIONFAILED", ErrorClass::Auth, kLogin},
    Meaning{"AUTHORIZATIONFAILED", ErrorClass::Auth, kLogin},
    Meaning{"EXPIRED", ErrorClass::Auth, "password or token has expired; get a new one"},
    Meaning{"WEBALERT", ErrorClass::Auth, "log in once with a browser; the server asks for it"},
    Meaning{"PRIVACYREQUIRED", ErrorClass::Config, "set tls: implicit or starttls"},
    Meaning{"CONTACTADMIN", ErrorClass::Permanent, "ask whoever runs the server"},
    Meaning{"NONEXISTENT", ErrorClass::Item, "it may have been removed meanwhile"},
    Meaning{"NOPERM", ErrorClass::Item, "this login may not read it; exclude it"},
    Meaning{"SERVERBUG", ErrorClass::Item, "the server met a bug of its own; tell whoever runs it"},
    Meaning{"CORRUPTION", ErrorClass::Item, "the server's store is damaged; tell whoever runs it"},
};

// What servers write where they send no code: Exchange, Gmail, Dovecot, Yahoo (mail-tools 4.3 to 4.7).
constexpr std::array kTexts = {
    Meaning{"suggested backoff time", ErrorClass::RateLimit, kLess},
    Meaning{"throttled", ErrorClass::RateLimit, kLess},
    Meaning{"too many simultaneous connections", ErrorClass::RateLimit, kLess},
    Meaning{"maximum number of connections", ErrorClass::RateLimit, kLess},
    Meaning{"too many connections", ErrorClass::RateLimit, kLess},
    Meaning{"too many login", ErrorClass::RateLimit, kLess},
    Meaning{"bandwidth limit", ErrorClass::RateLimit, kLess},
    Meaning{"rate limit", ErrorClass::RateLimit, kLess},
    // Gmail, past its daily 2500 MB
    Meaning{"session expired, please login again", ErrorClass::RateLimit, kLess},
    // Outlook: the wrong mailbox, but as often its own trouble, where the next try works
    Meaning{"user is authenticated but not connected", ErrorClass::Transient, kLaterHint},
    Meaning{"application-specific password required", ErrorClass::Auth,
            "make an app password in the account's settings"},
    Meaning{"accesstokenexpired", ErrorClass::Auth, kLogin},
    Meaning{"temporar", ErrorClass::Transient, kLaterHint},
    Meaning{"try again later", ErrorClass::Transient, kLaterHint},
    Meaning{"internal error", ErrorClass::Transient, kLaterHint},
};

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return c < 0x80 ? std::tolower(c) : c; });
  return out;
}

const Meaning* meaning_of(const Code& code, std::string_view text) {
  const std::string words = lower(text);
  // What the words say is finer than UNAVAILABLE or ALERT, so it goes first.
  for (const Meaning& meaning : kTexts) {
    if (words.find(meaning.sign) != std::string::npos) {
      return &meaning;
    }
  }
  for (const Meaning& meaning : kCodes) {
    if (code.name == meaning.sign) {
      return &meaning;
    }
  }
  return nullptr;
}

/// "Suggested Backoff Time: 299961 milliseconds" (Exchange), at most a quarter of an hour.
milliseconds backoff(std::string_view text) {
  constexpr std::string_view kSign = "suggested backoff time:";
  const std::string words = lower(text);
  std::size_t at = words.find(kSign);
  if (at == std::string::npos) {
    return milliseconds(0);
  }
  at = words.find_first_not_of(' ', at + kSign.size());
  std::int64_t wait = 0;
  for (; at < words.size() && std::isdigit(static_cast<unsigned char>(words[at])) != 0; ++at) {
    wait = std::min<std::int64_t>(wait * 10 + (words[at] - '0'), kLongestWait.count());
  }
  return milliseconds(wait);
}

Error make(const Meaning& meaning, const Code& code, std::string_view text,
           const std::string& what) {
  std::string line = what;
  if (!code.name.empty()) {
    line += " [" + printable(code.name, 60) + "]";
  }
  if (!text.empty()) {
    line += ": " + printable(text, 300);
  }
  Error error(meaning.error_class, line, meaning.hint);
  error.retry_after(backoff(text));
  error.detail("server_text", printable(text, 300));
  return error;
}

const char* name_of(Completion::Status status) {
  return status == Completion::Status::Bad ? "BAD" : "NO";
}

}  // namespace

std::string server_name(const Settings& settings) {
  return printable(settings.host, 300) + ":" + std::to_string(settings.port);
}

Error command_error(const Completion& result, const std::string& where) {
  static constexpr Meaning kUnknown = {"", ErrorClass::Item,
                                       "the server refused it; what it says is all that is known"};
  const Meaning* meaning = meaning_of(result.code, result.text);
  return make(meaning != nullptr ? *meaning : kUnknown, result.code, result.text,
              where + ": the server says " + name_of(result.status));
}

Error login_error(const Completion& result, const std::string& where) {
  static constexpr Meaning kUnknown = {"", ErrorClass::Auth, kLogin};
  const Meaning* meaning = meaning_of(result.code, result.text);
  // An Item has no meaning here.
  const bool known = meaning != nullptr && meaning->error_class != ErrorClass::Item;
  return make(known ? *meaning : kUnknown, result.code, result.text,
              where + ": the login was refused");
}

Error bye_error(std::string_view text, const std::string& where) {
  static constexpr Meaning kUnknown = {"", ErrorClass::Transient, kLaterHint};
  const Completion said = read_code(text);
  const Meaning* meaning = meaning_of(said.code, said.text);
  const bool known = meaning != nullptr && meaning->error_class != ErrorClass::Item &&
                     !says_token_expired(said.text);
  return make(known ? *meaning : kUnknown, said.code, said.text,
              where + ": the server closes the connection");
}

bool explains_an_end(const Notice& notice) {
  return notice.status != Completion::Status::Ok && meaning_of(notice.code, notice.text) != nullptr;
}

bool says_token_expired(std::string_view text) {
  return lower(text).find("accesstokenexpired") != std::string::npos;
}

Error unreadable_error(std::string_view what) {
  return {ErrorClass::Item, "the server's answer cannot be read: " + std::string(what),
          "report this to whoever runs the server"};
}

}  // namespace mailpipe::imap
