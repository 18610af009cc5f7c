#include "contract/plugin_files.hpp"
#include "plugin/components.hpp"

#include <mailpipe/testing/test_host.hpp>

#include <gtest/gtest.h>

#include <functional>
#include <optional>

namespace mailpipe::plugin {
namespace {

/// What an emitter was told; may be told to fail.
class RecordingEmitter final : public Emitter {
 public:
  StreamId stream(std::string_view name, std::string_view label) override {
    streams.emplace_back(std::string(name), std::string(label));
    return 11;
  }

  void emit(Event event) override {
    if (failure) {
      throw *failure;
    }
    events.push_back(std::move(event));
  }

  Pairs streams;
  std::vector<Event> events;
  std::optional<Error> failure;
};

/// Hands out works once and records what becomes of them.
class RecordingQueue final : public WorkQueue {
 public:
  explicit RecordingQueue(std::vector<std::string> keys) : keys_(std::move(keys)) {}

  Taken take(const TakeLimits& limits) override {
    last_limits = limits;
    if (keys_.empty()) {
      return {Taken::State::End, {}};
    }
    Taken taken;
    for (const std::string& key : keys_) {
      taken.works.push_back({next_++, 1, key, "ref-" + key, "", 10, Want::Body});
    }
    keys_.clear();
    return taken;
  }

  int wake_fd() override { return -1; }

  std::unique_ptr<BodyWriter> open(std::uint64_t token) override {
    struct Writer final : BodyWriter {
      Writer(RecordingQueue& to, std::uint64_t of) : queue(to), token(of) {}

      ~Writer() override { queue.outcomes.push_back(outcome); }

      void write(std::string_view octets) override { text += octets; }

      void done() override { outcome = std::to_string(token) + " done: " + text; }

      RecordingQueue& queue;
      std::uint64_t token;
      std::string text;
      std::string outcome = "given up";
    };

    return std::make_unique<Writer>(*this, token);
  }

  void fail(std::uint64_t token, const Error& error) override {
    outcomes.push_back(std::to_string(token) + " failed: " + error.what());
  }

  void gone(std::uint64_t token) override { outcomes.push_back(std::to_string(token) + " gone"); }

  TakeLimits last_limits;
  std::vector<std::string> outcomes;

 private:
  std::vector<std::string> keys_;
  std::uint64_t next_ = 1;
};

Item sample_item(const std::string& key = "k") {
  Item item;
  item.key = key;
  item.places.push_back({.id = "inbox", .path = {"In"}, .role = "inbox"});
  return item;
}

/// A body in memory.
Body body_of(std::string_view octets) {
  mp_body view{};
  view.struct_size = sizeof view;
  view.data = octets.data();
  view.size = octets.size();
  return Body(view);
}

class PluginBorder : public testing::Test {
 protected:
  static const Candidate& candidate(const std::string& name) {
    static std::map<std::string, Candidate> examined;
    return examined.try_emplace(name, examine(test::test_plugin(name))).first->second;
  }

  std::shared_ptr<Source> source(const std::string& options = "{}",
                                 const std::string& type = "thrower") {
    return make_source(candidate("test-" + type), type, options, host_);
  }

  std::shared_ptr<Filter> filter(const std::string& options = "{}",
                                 const std::string& type = "thrower") {
    return make_filter(candidate("test-" + type), type, options, host_);
  }

  std::shared_ptr<Sink> sink(const std::string& options = "{}") {
    return make_sink(candidate("test-thrower"), "thrower", options, host_);
  }

  test::TestHost host_;
};

std::optional<Error> error_of(const std::function<void()>& action) {
  try {
    action();
    return std::nullopt;
  } catch (const Error& error) {
    return error;
  }
}

std::string detail_of(const Error& error, const std::string& name) {
  for (const auto& [key, value] : error.details()) {
    if (key == name) {
      return value;
    }
  }
  return "";
}

// ---- what goes through

TEST_F(PluginBorder, EventsArriveAsTheyWereTold) {
  RecordingEmitter emitter;
  source()->list({{3, "old", "c"}}, emitter);
  ASSERT_EQ(emitter.events.size(), 5U);
  EXPECT_EQ(emitter.streams, (Pairs{{"one", "One"}}));
  EXPECT_EQ(emitter.events[0].cursor, "c+");
  const Item& item = emitter.events[1].item;
  EXPECT_EQ(item.key, "key-1");
  EXPECT_EQ(item.stream, 11U);
  EXPECT_EQ(item.size, 3U);
  EXPECT_EQ(item.places.at(0).path, (std::vector<std::string>{"In", "Box"}));
  EXPECT_EQ(item.keywords, std::vector<std::string>{"$seen"});
  EXPECT_EQ(item.attributes, (Pairs{{"a", "b"}}));
  EXPECT_EQ(emitter.events[2].key, "key-0");
  EXPECT_EQ(emitter.events[3].count, 7U);
  EXPECT_EQ(emitter.events[4].mailbox.id, "inbox");
}

TEST_F(PluginBorder, WorksEndAsThePluginSays) {
  RecordingQueue queue({"a", "gone", "bad"});
  source()->fetch(queue);
  EXPECT_EQ(queue.outcomes,
            (std::vector<std::string>{"1 done: octets of ref-a", "2 gone", "3 failed: broken"}));
  EXPECT_TRUE(queue.last_limits.wait);
  EXPECT_EQ(queue.last_limits.items, TakeLimits{}.items);
}

TEST_F(PluginBorder, VerdictsArriveAsTheyWereGiven) {
  const auto judging = filter();
  const Verdict kept = judging->judge(sample_item(), nullptr);
  EXPECT_EQ(kept.kind, Verdict::Kind::Keep);
  EXPECT_EQ(kept.name, "k.eml");
  EXPECT_EQ(kept.places, sample_item().places);
  EXPECT_EQ(kept.token, 5U);
  EXPECT_EQ(judging->judge(sample_item("old"), nullptr).reason, "too-old");
  EXPECT_EQ(judging->needs(), Needs::Headers);
  EXPECT_EQ(host_.counter("judged"), 2U);
}

TEST_F(PluginBorder, SinkSlotsPassArgumentsAndResults) {
  const auto storing = sink();
  const Staged staged = storing->store(sample_item(), body_of("hello"));
  EXPECT_EQ(staged.token, "hello");
  EXPECT_EQ(staged.placed, (std::vector<Placed>{{"inbox", "k"}}));
  storing->publish(staged);
  storing->mark("our mark");
  EXPECT_EQ(storing->root().marker, "our mark");
  EXPECT_FALSE(storing->root().empty);
  EXPECT_TRUE(storing->recover({{}, "mine"}));
  EXPECT_FALSE(storing->recover({{}, "other"}));
  const Receipt receipt{"k", "inbox", "there", 5, {}, {"$seen"}};
  EXPECT_EQ(storing->link(receipt, sample_item(), "p").placed,
            (std::vector<Placed>{{"p", "there"}}));
  EXPECT_EQ(storing->update(receipt, sample_item()), "there!$seen");
}

TEST_F(PluginBorder, SinkCallbacksPassWhatLiesThere) {
  const auto storing = sink();
  std::string octets;
  storing->read({}, [&](std::string_view part) { octets += part; });
  EXPECT_EQ(octets, "some octets");
  Found file;
  storing->scan([&](const Found& found) { file = found; });
  EXPECT_EQ(file.server_ids, (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(file.path, (std::vector<std::string>{"In", "Box"}));
  EXPECT_EQ(file.ref, "7:9");
  EXPECT_EQ(file.original, (Found::Original{.size = 14, .digest = {1}, .header_digest = {2}}));
}

TEST_F(PluginBorder, APluginInPlainCJudges) {
  const auto judging = make_filter(candidate("test-plain-c"), "small-only", "{}", host_);
  Item large = sample_item();
  large.size = 1001;
  EXPECT_EQ(judging->judge(large, nullptr).reason, "too-large");
  EXPECT_EQ(judging->judge(sample_item(), nullptr).kind, Verdict::Kind::Keep);
  judging->settle(1, true);  // its slot is NULL
}

// ---- errors of the plugin

TEST_F(PluginBorder, AnErrorKeepsClassHintWaitAndDetails) {
  const auto error = error_of([&] { source(R"({"at":"check","throw":"error"})")->check(); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->error_class(), ErrorClass::RateLimit);
  EXPECT_STREQ(error->what(), "slow down");
  EXPECT_EQ(error->hint(), "wait a little");
  EXPECT_EQ(error->retry_after(), std::chrono::seconds(7));
  EXPECT_EQ(detail_of(*error, "http_status"), "429");
  EXPECT_EQ(detail_of(*error, "plugin"), "test.thrower");
  EXPECT_EQ(detail_of(*error, "plugin_version"), "0.9");
}

class EveryCallback : public PluginBorder, public testing::WithParamInterface<const char*> {
 protected:
  /// Makes the component with the trap set, and calls the callback of that name.
  void provoke(const std::string& at, const std::string& what) {
    const std::string options = R"({"at":")" + at + R"(","throw":")" + what + R"("})";
    RecordingEmitter emitter;
    RecordingQueue queue({"a"});
    const std::map<std::string, std::function<void()>> calls{
        {"create", [&] { source(options); }},
        {"fetch_threads", [&] { source(options)->fetch_threads(); }},
        {"check", [&] { source(options)->check(); }},
        {"list", [&] { source(options)->list({}, emitter); }},
        {"fetch", [&] { source(options)->fetch(queue); }},
        {"needs", [&] { filter(options)->needs(); }},
        {"judge", [&] { filter(options)->judge(sample_item(), nullptr); }},
        {"settle", [&] { filter(options)->settle(1, true); }},
        {"open", [&] { sink(options)->open(false); }},
        {"root", [&] { sink(options)->root(); }},
        {"mark", [&] { sink(options)->mark("m"); }},
        {"store", [&] { sink(options)->store(sample_item(), body_of("x")); }},
        {"publish", [&] { sink(options)->publish({}); }},
        {"discard", [&] { sink(options)->discard({}); }},
        {"sync", [&] { sink(options)->sync(SyncPhase::Data); }},
        {"recover", [&] { sink(options)->recover({}); }},
        {"sweep", [&] { sink(options)->sweep(); }},
        {"link", [&] { sink(options)->link({}, sample_item(), "p"); }},
        {"update", [&] { sink(options)->update({}, sample_item()); }},
        {"remove", [&] { sink(options)->remove({}, Removal::Trash); }},
        {"mailboxes", [&] { sink(options)->mailbox(MailboxChange::Create, {}); }},
        {"read", [&] { sink(options)->read({}, [](std::string_view) {}); }},
        {"scan", [&] { sink(options)->scan([](const Found&) {}); }}};
    calls.at(at)();
  }
};

TEST_P(EveryCallback, ContainsWhatIsThrownAndNamesThePlugin) {
  for (const char* what : {"std", "int"}) {
    const auto error = error_of([&] { provoke(GetParam(), what); });
    ASSERT_TRUE(error) << what;
    EXPECT_EQ(error->error_class(), ErrorClass::Internal);
    EXPECT_EQ(std::string(error->what()).rfind("plugin 'test.thrower' 0.9: ", 0), 0U)
        << error->what();
  }
}

INSTANTIATE_TEST_SUITE_P(OfAPlugin, EveryCallback,
                         testing::Values("create", "fetch_threads", "check", "list", "fetch",
                                         "needs", "judge", "settle", "open", "root", "mark",
                                         "store", "publish", "discard", "sync", "recover", "sweep",
                                         "link", "update", "remove", "mailboxes", "read", "scan"),
                         [](const auto& each) { return std::string(each.param); });

// ---- errors of the engine on their way through a plugin

TEST_F(PluginBorder, AnErrorOfTheEmitterComesOutAsItWas) {
  RecordingEmitter emitter;
  emitter.failure.emplace(ErrorClass::NoSpace, "the ledger is full", "make room");
  const auto error = error_of([&] { source()->list({}, emitter); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->error_class(), ErrorClass::NoSpace);
  EXPECT_STREQ(error->what(), "the ledger is full");
  EXPECT_EQ(error->hint(), "make room");
}

TEST_F(PluginBorder, AnErrorOfTheReaderComesOutAsItWas) {
  const auto error = error_of([&] {
    sink()->read({}, [](std::string_view) { throw Error(ErrorClass::Cancelled, "stop"); });
  });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->error_class(), ErrorClass::Cancelled);
}

TEST_F(PluginBorder, AnErrorThatThePluginSwallowsComesOutAnyway) {
  RecordingEmitter emitter;
  emitter.failure.emplace(ErrorClass::Cancelled, "the run was cancelled");
  const auto error = error_of([&] { source("{}", "careless")->list({}, emitter); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->error_class(), ErrorClass::Cancelled);
}

// ---- breaches of the contract

struct Breach {
  const char* told;
  const char* message;
};

class FilterBreach : public PluginBorder, public testing::WithParamInterface<Breach> {};

TEST_P(FilterBreach, IsInternalAndNamesThePlugin) {
  const std::string options = std::string(R"({"do":")") + GetParam().told + R"("})";
  const auto error = error_of([&] {
    const auto judging = filter(options, "careless");
    judging->needs();
    judging->judge(sample_item(), nullptr);
  });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->error_class(), ErrorClass::Internal);
  EXPECT_NE(std::string(error->what()).find("plugin 'test.careless' 0.1: "), std::string::npos);
  EXPECT_NE(std::string(error->what()).find(GetParam().message), std::string::npos)
      << error->what();
}

INSTANTIATE_TEST_SUITE_P(OfACarelessPlugin, FilterBreach,
                         testing::Values(Breach{"unknown-status",
                                                "'judge' returned the unknown status -1234"},
                                         Breach{"positive-status", "unknown status 2"},
                                         Breach{"null-reason", "a text that is NULL"},
                                         Breach{"unknown-verdict", "a verdict of an unknown kind"},
                                         Breach{"negative-length", "length is negative"},
                                         Breach{"negative-count", "count that is negative"},
                                         Breach{"absurd-needs", "'needs' returned 77"}));

class ListBreach : public PluginBorder, public testing::WithParamInterface<Breach> {};

TEST_P(ListBreach, IsInternalAndReachesNobody) {
  const std::string options = std::string(R"({"do":")") + GetParam().told + R"("})";
  RecordingEmitter emitter;
  const auto error = error_of([&] { source(options, "careless")->list({}, emitter); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->error_class(), ErrorClass::Internal);
  EXPECT_NE(std::string(error->what()).find(GetParam().message), std::string::npos)
      << error->what();
  EXPECT_TRUE(emitter.events.empty());
}

INSTANTIATE_TEST_SUITE_P(OfACarelessPlugin, ListBreach,
                         testing::Values(Breach{"null-item", "an item that is NULL"},
                                         Breach{"no-key", "without a key"},
                                         Breach{"short-item", "wrong struct_size"},
                                         Breach{"null-places", "a list that is NULL"},
                                         Breach{"negative-keywords", "count that is negative"},
                                         Breach{"unknown-event", "an event of an unknown kind"}));

class FetchBreach : public PluginBorder, public testing::WithParamInterface<Breach> {};

TEST_P(FetchBreach, IsInternalAndNamesThePlugin) {
  const std::string options = std::string(R"({"do":")") + GetParam().told + R"("})";
  RecordingQueue queue({"a"});
  const auto error = error_of([&] { source(options, "careless")->fetch(queue); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->error_class(), ErrorClass::Internal);
  EXPECT_NE(std::string(error->what()).find(GetParam().message), std::string::npos)
      << error->what();
}

INSTANTIATE_TEST_SUITE_P(OfACarelessPlugin, FetchBreach,
                         testing::Values(Breach{"finish-twice", "called gone() for a work"},
                                         Breach{"short-error", "an error of a wrong struct_size"},
                                         Breach{"not-taken", "called open() for a work"}));

TEST_F(PluginBorder, ASourceWithoutThreadsIsABreach) {
  const auto error =
      error_of([&] { source(R"({"do":"no-threads"})", "careless")->fetch_threads(); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->error_class(), ErrorClass::Internal);
}

TEST_F(PluginBorder, ABodyLeftOpenIsGivenUpWhenFetchReturns) {
  RecordingQueue queue({"a"});
  source(R"({"do":"leave-open"})", "careless")->fetch(queue);
  EXPECT_EQ(queue.outcomes, std::vector<std::string>{"given up"});
}

TEST_F(PluginBorder, AFailureWithoutAWordStillHasOne) {
  const auto error = error_of(
      [&] { filter(R"({"do":"silent-failure"})", "careless")->judge(sample_item(), nullptr); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->error_class(), ErrorClass::Permanent);
  EXPECT_STREQ(error->what(), "failed without a word");
}

TEST_F(PluginBorder, TextsOfAnErrorThatHaveNoEndAreCut) {
  const auto error = error_of(
      [&] { filter(R"({"do":"endless-text"})", "careless")->judge(sample_item(), nullptr); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->error_class(), ErrorClass::Item);
  EXPECT_EQ(std::string(error->what()).size(), sizeof mp_error{}.what);
}

}  // namespace
}  // namespace mailpipe::plugin
