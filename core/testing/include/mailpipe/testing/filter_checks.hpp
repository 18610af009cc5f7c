#pragma once

#include <mailpipe/filter.hpp>
#include <mailpipe/testing/check.hpp>
#include <mailpipe/testing/message.hpp>
#include <mailpipe/testing/test_host.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace mailpipe::test {

/// What any filter brings, whatever it needs to see of a message.
struct AnyFilterCase {
  std::string name;
  std::function<std::shared_ptr<Filter>(Host&)> make;
  std::vector<Message> messages;                ///< of every kind that the filter tells apart
  std::function<void(TestHost&)> prepare = {};  ///< secrets, what kept() knows
};

inline void PrintTo(const AnyFilterCase& value, std::ostream* out) {
  *out << value.name;
}

/// Messages of the kinds that break programs.
inline std::vector<Message> odd_messages() {
  std::vector<Message> out{message("plain", "plain")};
  Message bare;
  bare.item.key = "k";
  out.push_back(bare);
  Message odd = message("odd", "=?utf-8?B?////?= \xff\xfe \x1b[31m");
  odd.item.places = {{.id = "p", .path = {"..", "a/b", std::string(300, 'x'), ""}, .role = ""}};
  odd.item.keywords = std::vector<std::string>(1000, "$seen");
  odd.item.name = "../../etc/passwd";
  odd.item.size.reset();
  odd.item.received_at.reset();
  out.push_back(odd);
  Message old = message("old", "before the epoch", -3'000'000'000);
  old.octets = std::string("\0\r\n\n\rSubject", 11);
  out.push_back(old);
  Message late = message("late", "far away", 300'000'000'000);
  late.octets = "Subject: " + std::string(1'000'000, 'x');
  out.push_back(late);
  return out;
}

namespace filter_checks {

/// One instance of the filter with its host.
struct Made {
  explicit Made(const AnyFilterCase& of) {
    if (of.prepare) {
      of.prepare(host);
    }
    filter = of.make(host);
    needs = filter->needs();
  }

  /// As the engine asks: with what needs() says, no more.
  Verdict judge(const Message& of) {
    if (needs == Needs::Metadata) {
      return filter->judge(of.item, nullptr);
    }
    Message seen = of;
    if (needs == Needs::Headers) {
      const std::size_t end = seen.octets.find("\r\n\r\n");
      seen.octets.resize(end == std::string::npos ? seen.octets.size() : end + 2);
    }
    mp_body view = seen.body().view();
    view.header_only = needs == Needs::Headers ? 1 : 0;
    const Body body(view);
    return filter->judge(of.item, &body);
  }

  TestHost host;
  std::shared_ptr<Filter> filter;
  Needs needs{};
};

inline bool same(const Verdict& a, const Verdict& b) {
  return a.kind == b.kind && a.reason == b.reason && a.hold_until == b.hold_until &&
         a.owner == b.owner && a.link == b.link && a.name == b.name && a.places == b.places;
}

inline void asks_for_metadata_headers_or_body(const AnyFilterCase& of) {
  const Needs needs = Made(of).needs;
  demand(needs == Needs::Metadata || needs == Needs::Headers || needs == Needs::Body,
         "needs() is none of the three");
}

inline void says_the_same_when_asked_again(const AnyFilterCase& of) {
  Made one(of);
  for (const Message& each : of.messages) {
    const Verdict first = one.judge(each);
    demand(same(first, one.judge(each)), "'" + each.item.key + "' is judged anew each time",
           "after a crash the engine asks again about the same message");
  }
}

inline void says_the_same_after_a_restart(const AnyFilterCase& of) {
  Made one(of);
  std::vector<Verdict> before;
  before.reserve(of.messages.size());
  for (const Message& each : of.messages) {
    before.push_back(one.judge(each));
  }
  one.filter = of.make(one.host);  // with what it stored
  for (std::size_t i = 0; i < before.size(); ++i) {
    demand(same(before[i], one.judge(of.messages[i])),
           "'" + of.messages[i].item.key + "' is judged differently by a new instance",
           "what must outlive a run goes through Host::put()");
  }
}

inline void gives_every_drop_a_short_reason(const AnyFilterCase& of) {
  Made one(of);
  for (const Message& each : of.messages) {
    const Verdict verdict = one.judge(each);
    if (verdict.kind == Verdict::Kind::Drop) {
      demand(!verdict.reason.empty() && verdict.reason.size() <= 64 &&
                 verdict.reason.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") ==
                     std::string::npos,
             "the reason '" + verdict.reason + "' is no short word of a-z, 0-9 and -",
             "reasons are counted; they hold no part of a message");
    }
  }
}

inline void judges_odd_messages(const AnyFilterCase& of) {
  Made one(of);
  for (const Message& each : odd_messages()) {
    const ErrorClass failed = class_of([&] { one.judge(each); });
    demand(failed == ErrorClass{0} || failed == ErrorClass::Item,
           "the message '" + each.item.key + "' makes it fail for all",
           "what is wrong with one message is class Item, or no error at all");
  }
}

inline void settles_its_tokens_either_way(const AnyFilterCase& of) {
  for (const bool durable : {true, false}) {
    Made one(of);
    for (const Message& each : of.messages) {
      const Verdict verdict = one.judge(each);
      if (verdict.token != 0) {
        one.filter->settle(verdict.token, durable);
      }
    }
  }
}

}  // namespace filter_checks

inline const std::vector<Check<AnyFilterCase>>& checks_of_filters() {
  // NOLINTNEXTLINE(google-build-using-namespace): in here only, and for all of them
  using namespace filter_checks;
  static const std::vector<Check<AnyFilterCase>> kChecks{
      {"AsksForMetadataHeadersOrBody", asks_for_metadata_headers_or_body},
      {"SaysTheSameWhenAskedAgain", says_the_same_when_asked_again},
      {"SaysTheSameAfterARestart", says_the_same_after_a_restart},
      {"GivesEveryDropAShortReason", gives_every_drop_a_short_reason},
      {"JudgesOddMessages", judges_odd_messages},
      {"SettlesItsTokensEitherWay", settles_its_tokens_either_way}};
  return kChecks;
}

}  // namespace mailpipe::test
