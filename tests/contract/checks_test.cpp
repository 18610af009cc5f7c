#include "eml_sink.hpp"

#include <mailpipe/testing/filter_checks.hpp>
#include <mailpipe/testing/sink_checks.hpp>
#include <mailpipe/testing/source_checks.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>

// That the checks of mailpipe::testing find what they look for: good components with one fault each.
namespace mailpipe::test {
namespace {

template <class Case>
std::string finding(const std::vector<Check<Case>>& checks, const std::string& name,
                    const Case& of) {
  const auto found =
      std::find_if(checks.begin(), checks.end(), [&](const auto& one) { return name == one.name; });
  try {
    found->run(of);
    return "";
  } catch (const Broken& broken) {
    return broken.what();
  }
}

/// A sink of .eml files; what derives from it does one thing wrong.
class Faulted : public Sink {
 public:
  Faulted(Host& host, const std::filesystem::path& root)
      : good_(Options(nlohmann::json{{"path", root.string()}, {"sync", "auto"}}.dump()), host) {}

  void open(bool read_only) override { good_.open(read_only); }

  RootState root() override { return good_.root(); }

  void mark(const std::string& text) override { good_.mark(text); }

  Staged store(const Item& item, const Body& body) override { return good_.store(item, body); }

  void publish(const Staged& staged) override { good_.publish(staged); }

  void discard(const Staged& staged) override { good_.discard(staged); }

  void sync(SyncPhase phase) override { good_.sync(phase); }

  bool recover(const Intent& intent) override { return good_.recover(intent); }

  void sweep() override { good_.sweep(); }

  void read(const Receipt& receipt, const std::function<void(std::string_view)>& out) override {
    good_.read(receipt, out);
  }

  void remove(const Receipt& receipt, Removal how) override { good_.remove(receipt, how); }

  void scan(const std::function<void(const Found&)>& out) override { good_.scan(out); }

 private:
  eml::EmlSink good_;
};

template <class Made>
std::string found_in_sink(const std::string& check) {
  const AnySinkCase of{
      .name = "",
      .make = [](Host& host,
                 const std::filesystem::path& root) { return std::make_shared<Made>(host, root); },
      .capabilities = {"read", "remove", "scan"}};
  return finding(checks_of_sinks(), check, of);
}

TEST(SinkChecks, FindASinkThatPublishesAtOnce) {
  struct Hasty : Faulted {
    using Faulted::Faulted;

    Staged store(const Item& item, const Body& body) override {
      Staged staged = Faulted::store(item, body);
      publish(staged);
      return staged;
    }
  };

  EXPECT_EQ(found_in_sink<Hasty>("ShowsNothingBeforePublish"),
            "a staged message is visible before publish()");
}

TEST(SinkChecks, FindASinkThatDoesNotSync) {
  struct Lazy : Faulted {
    using Faulted::Faulted;

    void sync(SyncPhase phase) override {
      if (phase == SyncPhase::Names) {
        Faulted::sync(phase);
      }
    }
  };

  EXPECT_EQ(found_in_sink<Lazy>("SyncsWhatItStoredAndPublished"),
            "a message was staged and nothing was synced by sync(Data)");
}

TEST(SinkChecks, FindASinkThatKeepsFailedSyncsToItself) {
  struct Mute : Faulted {
    using Faulted::Faulted;

    void sync(SyncPhase phase) override {
      class_of([&] { Faulted::sync(phase); });
    }
  };

  EXPECT_EQ(found_in_sink<Mute>("TellsOfEverySyncThatFails"), "a sync failed and nobody was told");
}

TEST(SinkChecks, FindASinkThatRecoversWhatIsNotThere) {
  struct Boastful : Faulted {
    using Faulted::Faulted;

    bool recover(const Intent& /*intent*/) override { return true; }
  };

  EXPECT_THROW(found_in_sink<Boastful>("RecoversWhenKilledAtAnyCall"), Error);  // of read()
  EXPECT_EQ(found_in_sink<Boastful>("ReachesNothingOutsideItsRoot"),
            "recover() says that '../outside' is there");
}

TEST(SinkChecks, FindASinkThatReadsOtherOctets) {
  struct Blunt : Faulted {
    using Faulted::Faulted;

    void read(const Receipt& receipt, const std::function<void(std::string_view)>& out) override {
      Faulted::read(receipt, [&](std::string_view part) { out(part.substr(1)); });
    }
  };

  EXPECT_EQ(found_in_sink<Blunt>("ReadsBackWhatItStored"),
            "'jmap:a:M1' reads back with other octets in the same run");
}

// ---- sources

/// Two messages in memory.
class TwoMessages : public Source {
 public:
  void check() override {}

  void list(const Cursors& /*cursors*/, Emitter& emitter) override {
    const StreamId stream = emitter.stream("all", "all");
    emitter.listing_begin(stream);
    for (const char* id : {"1", "2"}) {
      Item item;
      item.key = key(id);
      item.ref = id;
      item.stream = stream;
      emitter.listed(std::move(item));
    }
    emitter.listing_end(stream);
    emitter.checkpoint(stream, "{}");
  }

  void fetch(WorkQueue& queue) override {
    for (Taken taken = queue.take({}); taken.state != Taken::State::End; taken = queue.take({})) {
      for (const Work& work : taken.works) {
        deliver(work, queue);
      }
    }
  }

 protected:
  virtual std::string key(const std::string& id) { return "k" + id; }

  virtual void deliver(const Work& work, WorkQueue& queue) {
    if (work.ref.size() != 1) {
      queue.gone(work.token);
      return;
    }
    const auto body = queue.open(work.token);
    body->write("Subject: " + work.ref + "\r\n\r\n");
    body->done();
  }
};

template <class Made>
std::string found_in_source(const std::string& check) {
  const SourceCase of{.name = "", .make = [](Host&) { return std::make_shared<Made>(); }};
  return finding(checks_of_sources(), check, of);
}

TEST(SourceChecks, FindNothingInAGoodSource) {
  for (const auto& check : checks_of_sources()) {
    EXPECT_EQ(found_in_source<TwoMessages>(check.name), "") << check.name;
  }
}

TEST(SourceChecks, FindKeysThatChange) {
  struct Fickle : TwoMessages {
    std::string key(const std::string& id) override { return id + std::to_string(++calls); }

    int calls = 0;
  };

  EXPECT_EQ(found_in_source<Fickle>("ListsTheSameKeysAgain"),
            "a second listing of one instance has other keys");
}

TEST(SourceChecks, FindWorksThatAreLeftOpen) {
  struct Idle : TwoMessages {
    void deliver(const Work& work, WorkQueue& queue) override {
      if (work.ref == "1") {
        TwoMessages::deliver(work, queue);
      }
    }
  };

  EXPECT_EQ(found_in_source<Idle>("EndsEveryWorkExactlyOnce"),
            "fetch() returned while works were open");
}

TEST(SourceChecks, FindASourceThatGoesOnListing) {
  struct Deaf : TwoMessages {
    void list(const Cursors& cursors, Emitter& emitter) override {
      class_of([&] { TwoMessages::list(cursors, emitter); });
    }
  };

  EXPECT_EQ(found_in_source<Deaf>("StopsListingWhenTold"),
            "list() swallowed the error of the emitter");
}

TEST(SourceChecks, FindOctetsThatChange) {
  struct Varying : TwoMessages {
    void deliver(const Work& work, WorkQueue& queue) override {
      const auto body = queue.open(work.token);
      body->write(std::to_string(++calls()));
      body->done();
    }

    static int& calls() {
      static int count = 0;
      return count;
    }
  };

  EXPECT_EQ(found_in_source<Varying>("DeliversTheSameOctetsAgain"),
            "a message has other octets when it is fetched again");
}

// ---- filters

TEST(FilterChecks, FindVerdictsThatChange) {
  struct Fickle : Filter {
    Verdict judge(const Item& /*item*/, const Body* /*body*/) override {
      return ++calls % 2 == 0 ? Verdict::keep() : Verdict::drop("odd");
    }

    int calls = 0;
  };

  const AnyFilterCase of{.name = "",
                         .make = [](Host&) { return std::make_shared<Fickle>(); },
                         .messages = {message("M1", "one")}};
  EXPECT_EQ(finding(checks_of_filters(), "SaysTheSameWhenAskedAgain", of),
            "'jmap:a:M1' is judged anew each time");
}

TEST(FilterChecks, FindReasonsThatHoldPartsOfAMessage) {
  struct Chatty : Filter {
    Verdict judge(const Item& item, const Body* /*body*/) override {
      return Verdict::drop("from " + item.key);
    }
  };

  const AnyFilterCase of{.name = "",
                         .make = [](Host&) { return std::make_shared<Chatty>(); },
                         .messages = {message("M1", "one")}};
  EXPECT_EQ(finding(checks_of_filters(), "GivesEveryDropAShortReason", of),
            "the reason 'from jmap:a:M1' is no short word of a-z, 0-9 and -");
}

}  // namespace
}  // namespace mailpipe::test
