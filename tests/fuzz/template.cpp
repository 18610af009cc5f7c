#include "file_name.hpp"
#include "fuzz/target.hpp"
#include "mailbox_path.hpp"
#include "message_name.hpp"
#include "template_rules.hpp"

#include <mailpipe/testing/message.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>

namespace mailpipe::fuzz {

namespace {

using namespace mailpipe::rename;  // NOLINT(google-build-using-namespace): of one file

bool is_valid(const std::string& text, const TemplateRules& rules) {
  const ParsedTemplate parsed = parse_template(text, rules);
  for (const TemplateProblem& one : parsed.problems) {
    hold(one.offset <= text.size() && one.length > 0 && !one.message.empty(),
         "a problem is about a place in the template");
  }
  return parsed.problems.empty();
}

void name(const std::string& text, const test::Message& message, const TimeText& time) {
  if (!is_valid(text, name_rules())) {
    return;
  }
  const Body body = message.body();
  FieldValues values(message.item, &body, time);
  const std::string made = MessageName(text).of(values);
  hold(!made.empty(), "a name is not empty");
  hold(encode_file_name(made, true).size() <= kLongestName + 4, "a name fits a file's");
  test::Message other = message;
  other.item.key += "x";
  other.item.server_id += "x";
  other.octets += "x";
  const Body other_body = other.body();
  FieldValues others(other.item, &other_body, time);
  hold(MessageName(text).of(others) != made, "no two messages get one name");
}

void mailbox(const std::string& match, const std::string& to, const std::string& whole,
             const test::Message& message, const TimeText& time) {
  const auto utf8 = [](const std::string& one) {
    return nlohmann::json::accept(
        nlohmann::json(one).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  };
  if (!utf8(match) || !utf8(to) || !utf8(whole)) {
    return;
  }
  nlohmann::json options{{"mailboxes", {{{"match", match}, {"to", to}}}}};
  if (!whole.empty()) {
    options["mailbox"] = whole;
  }
  const std::string text = options.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  FieldValues values(message.item, nullptr, time);
  for (const Mailbox& place : MailboxPath(Options(text)).of(values)) {
    hold(!place.path.empty(), "a message's place has a path");
  }
}

}  // namespace

/// Lines: a template of names, what is matched, what takes its place, a template of mailboxes, the time zone, the
/// mailbox, the id; then the message.
void run(std::string_view octets) {
  Input input(octets);
  const std::string text = input.part();
  const std::string match = input.part();
  const std::string to = input.part();
  const std::string whole = input.part();
  const std::string zone = input.part();
  test::Message message = test::message("M1", "x");
  message.item.places[0].path = split(input.part(), '\x1e');
  message.item.server_id = input.part();
  message.item.key = "k:" + message.item.server_id;
  message.item.received_at =
      std::chrono::sys_seconds(std::chrono::seconds(input.octet() * 100'000'000LL - 62'000'000));
  message.octets = input.rest();
  is_valid(to, replacement_rules());
  is_valid(whole, mailbox_rules());
  read([&] {
    const TimeText time(zone);
    read([&] { name(text, message, time); });
    mailbox(match, to, whole, message, time);
  });
}

}  // namespace mailpipe::fuzz
