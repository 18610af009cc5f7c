#include "api.hpp"
#include "email.hpp"
#include "fields.hpp"
#include "fuzz/target.hpp"
#include "http_error.hpp"
#include "json_channel.hpp"
#include "mailbox_tree.hpp"
#include "session.hpp"
#include "states.hpp"
#include "utc_date.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace mailpipe::fuzz {

namespace {

using namespace mailpipe::jmap;  // NOLINT(google-build-using-namespace): of one file

const Url& base() {
  static const Url kBase = parse_url("https://mail.example.org/.well-known/jmap", "session_url");
  return kBase;
}

const HostPolicy& policy() {
  static const HostPolicy kPolicy(base(), {"other.example.org:8443"}, false);
  return kPolicy;
}

void hold_host(const Url& url) {
  hold(url.secure() && ((url.host == "mail.example.org" && url.port == 443) ||
                        (url.host == "other.example.org" && url.port == 8443)),
       "the login goes to hosts that the user named");
}

void session(const std::string& text, const std::string& account) {
  const Session session =
      read_session(parse_answer(text, "mail.example.org:443"), base(), policy(), account);
  hold_host(session.api);
  hold_host(session.blob_url("B1", "a/b?c#d@e"));
  hold(is_account_id(session.account_id), "an account's id is one");
  hold(session.max_objects_in_get > 0, "something can be asked for");
}

void emails(const MethodResult& result) {
  const EmailPage page = read_emails(result, "A1", 1);
  hold(page.items.size() == page.found.size(), "each Email is told of once");
  for (const Item& item : page.items) {
    hold(is_id(item.server_id) && is_id(item.ref) && item.received_at && item.size,
         "an Email has its ids, size and date");
    hold(email_id_of(item.key) == item.server_id, "a key tells its Email's id");
    hold(std::is_sorted(item.keywords.begin(), item.keywords.end()), "keywords are sorted");
    hold(std::all_of(item.places.begin(), item.places.end(),
                     [](const Mailbox& place) { return is_id(place.id); }),
         "a mailbox's id is one");
  }
}

void mailboxes(const MethodResult& result) {
  const std::vector<MailboxRow> rows = read_mailboxes(result);
  const std::vector<Mailbox> tree = with_paths(rows);
  hold(tree.size() == rows.size(), "no mailbox gets lost");
  for (const Mailbox& one : tree) {
    hold(!one.path.empty() && one.path.size() <= 100, "a mailbox has a path");
    hold(std::none_of(one.path.begin(), one.path.end(),
                      [](const std::string& name) { return name.empty(); }),
         "a mailbox has a name");
  }
}

void answer(const std::string& text) {
  const std::vector<MethodCall> calls = {make_call("Email/get", nlohmann::json::object()),
                                         make_call("Mailbox/get", nlohmann::json::object())};
  const auto results =
      read_results(parse_answer(text, "mail.example.org:443"), calls, "mail.example.org:443");
  for (const MethodResult& result : results) {
    if (result.failed()) {
      hold_printable(failure_of(result));
    }
  }
  if (!results[0].failed()) {
    read([&] { emails(results[0]); });
  }
  if (!results[1].failed()) {
    read([&] { mailboxes(results[1]); });
  }
}

void problem(Input input) {
  HttpReply reply;
  reply.url = base();
  reply.status = 400 + static_cast<long>(input.octet());
  reply.retry_after = input.part();
  reply.problem = input.rest();
  const Error error = failure_of(reply, "reading the JMAP session");
  hold_printable(error);
  hold(error.retry_after().count() >= 0 && error.retry_after() <= std::chrono::minutes(15),
       "nobody waits for ever");
}

void url(const std::string& reference) {
  const Url one = resolve_url(base(), reference, "apiUrl");
  hold(one.scheme == "http" || one.scheme == "https", "a URL is of HTTP");
  hold(!one.host.empty() && one.host.find_first_of("/@?# ") == std::string::npos,
       "a host is nothing but a host");
  policy().require(one, "apiUrl");
  hold_host(one);
  hold(is_printable(one.authority()), "what messages name is printable");
}

void cursor(const std::string& text) {
  if (const auto states = States::from_cursor(text)) {
    hold(States::from_cursor(states->to_cursor()) == states, "a cursor is what its text says");
  }
  parse_utc_date(text);
}

}  // namespace

/// The first octet says which reader the rest is for.
void run(std::string_view octets) {
  Input input(octets);
  const unsigned reader = input.octet();
  read([&] {
    switch (reader) {
      case 's':
        return session(std::string(input.rest()), "");
      case 'n':
        return session(std::string(input.rest()), "name");
      case 'p':
        return problem(input);
      case 'u':
        return url(std::string(input.rest()));
      case 'c':
        return cursor(std::string(input.rest()));
      default:
        return answer(std::string(input.rest()));
    }
  });
}

}  // namespace mailpipe::fuzz
