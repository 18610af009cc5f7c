#pragma once

#include <mailpipe/source.hpp>
#include <mailpipe/testing/check.hpp>
#include <mailpipe/testing/fake_queue.hpp>
#include <mailpipe/testing/recording_emitter.hpp>
#include <mailpipe/testing/test_host.hpp>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace mailpipe::test {

/// What a source brings: how to make it over an account that does not change meanwhile and holds a
/// few messages.
struct SourceCase {
  std::string name;
  std::function<std::shared_ptr<Source>(Host&)> make;
  std::size_t most = 50;                        ///< so many messages at most are fetched
  std::function<void(TestHost&)> prepare = {};  ///< secrets and the like
};

inline void PrintTo(const SourceCase& value, std::ostream* out) {
  *out << value.name;
}

namespace source_checks {

/// One instance of the source with its host.
struct Made {
  explicit Made(const SourceCase& of) {
    if (of.prepare) {
      of.prepare(host);
    }
    source = of.make(host);
  }

  RecordingEmitter listed(const Cursors& cursors = {}) {
    RecordingEmitter out;
    source->list(cursors, out);
    return out;
  }

  TestHost host;
  std::shared_ptr<Source> source;
};

inline std::vector<Item> items_of(const RecordingEmitter& emitter) {
  std::vector<Item> out;
  for (const Event& event : emitter.events) {
    if (event.kind == EventKind::Listed || event.kind == EventKind::Changed) {
      out.push_back(event.item);
    }
  }
  return out;
}

inline std::multiset<std::string> keys_of(const RecordingEmitter& emitter) {
  std::multiset<std::string> out;
  for (const Item& item : items_of(emitter)) {
    out.insert(item.key);
  }
  return out;
}

inline Cursors cursors_of(const RecordingEmitter& emitter) {
  std::map<StreamId, std::string> last;
  for (const Event& event : emitter.events) {
    if (event.kind == EventKind::Checkpoint) {
      last[event.stream] = event.cursor;
    }
  }
  Cursors out;
  for (const auto& [stream, cursor] : last) {
    out.push_back({stream, emitter.names.at(stream - 1), cursor});
  }
  return out;
}

inline Work work_of(const Item& item, Want want = Want::Body) {
  return {.stream = item.stream,
          .key = item.key,
          .ref = item.ref,
          .server_id = item.server_id,
          .size = item.size,
          .want = want};
}

/// The messages of a listing as works, no key twice.
inline void put_works(FakeQueue& queue, const SourceCase& of, const RecordingEmitter& listing,
                      Want want = Want::Body) {
  std::set<std::string> seen;
  for (const Item& item : items_of(listing)) {
    if (seen.size() < of.most && seen.insert(item.key).second) {
      queue.put_as(work_of(item, want), item);
    }
  }
  if (seen.empty()) {
    throw NotApplicable("the account is empty");
  }
}

inline void checks_without_effect(const SourceCase& of) {
  Made(of).source->check();
  const auto before = keys_of(Made(of).listed());
  Made(of).source->check();
  demand(keys_of(Made(of).listed()) == before, "check() changed what is listed");
}

inline void says_how_many_threads_may_fetch(const SourceCase& of) {
  const std::uint32_t threads = Made(of).source->fetch_threads();
  demand(threads >= 1 && threads <= 256, "fetch_threads() is not between 1 and 256");
}

inline void gives_every_item_a_key_a_stream_and_known_places(const SourceCase& of) {
  const RecordingEmitter told = Made(of).listed();
  std::set<std::string> known;
  for (const Event& event : told.events) {
    if (event.kind == EventKind::Mailbox) {
      known.insert(event.mailbox.id);
      demand(!event.mailbox.id.empty(), "a mailbox has no id");
      demand(!event.mailbox.path.empty(), "the mailbox '" + event.mailbox.id + "' has no path");
    }
  }
  for (const Item& item : items_of(told)) {
    demand(!item.key.empty(), "an item has no key");
    demand(item.stream >= 1 && item.stream <= told.names.size(),
           "'" + item.key + "' is in a stream that Emitter::stream() did not give");
    for (const Mailbox& place : item.places) {
      demand(known.count(place.id) != 0,
             "'" + item.key + "' is in the mailbox '" + place.id + "', which was never told of",
             "emit mailbox() for every mailbox of a listing");
    }
  }
}

inline void lists_completely_without_cursors(const SourceCase& of) {
  const RecordingEmitter told = Made(of).listed();
  std::map<StreamId, bool> open;
  std::set<StreamId> complete, marked;
  for (const Event& event : told.events) {
    const std::string stream = "stream " + std::to_string(event.stream);
    switch (event.kind) {
      case EventKind::ListingBegin:
        demand(!open[event.stream], stream + " begins a listing within a listing");
        open[event.stream] = true;
        break;
      case EventKind::ListingEnd:
        demand(open[event.stream], stream + " ends a listing that did not begin");
        open[event.stream] = false;
        complete.insert(event.stream);
        break;
      case EventKind::Checkpoint:
        marked.insert(event.stream);
        break;
      default:
        break;
    }
  }
  for (const Item& item : items_of(told)) {
    demand(complete.count(item.stream) != 0,
           "without cursors, '" + item.key + "' is not part of a complete listing",
           "put listing_begin() and listing_end() around it");
    demand(
        marked.count(item.stream) != 0,
        "the stream of '" + item.key + "' has no checkpoint, so every run lists all of it again");
  }
}

inline void lists_the_same_keys_again(const SourceCase& of) {
  Made one(of);
  const auto first = keys_of(one.listed());
  demand(keys_of(one.listed()) == first, "a second listing of one instance has other keys");
  demand(keys_of(Made(of).listed()) == first, "the listing of a new instance has other keys",
         "a key is an identity for ever: nothing of it may come from this run");
}

inline void goes_on_from_its_cursors(const SourceCase& of) {
  const RecordingEmitter first = Made(of).listed();
  const Cursors cursors = cursors_of(first);
  if (cursors.empty()) {
    throw NotApplicable("there is no checkpoint");
  }
  RecordingEmitter second;
  second.names = first.names;  // streams keep their numbers
  Made again(of);
  try {
    again.source->list(cursors, second);
  } catch (const Error& error) {
    demand(error.error_class() == ErrorClass::CursorLost,
           std::string("a listing from its own cursor failed: ") + error.what());
    second = again.listed();
  }
  const auto before = keys_of(first);
  for (const std::string& key : keys_of(second)) {
    demand(before.count(key) != 0, "'" + key + "' was listed from the cursor, but not before");
  }
  demand(second.count(EventKind::Removed) == 0 && second.count(EventKind::Gone) == 0,
         "a listing from the cursor says that messages were removed; none was");
  std::set<StreamId> complete;
  for (const Event& event : second.events) {
    if (event.kind == EventKind::ListingEnd) {
      complete.insert(event.stream);
    }
  }
  const auto after = keys_of(second);
  for (const Item& item : items_of(first)) {
    demand(complete.count(item.stream) == 0 || after.count(item.key) != 0,
           "'" + item.key + "' is missing from a listing that was said to be complete",
           "it would be taken for removed");
  }
}

inline void takes_foreign_cursors_for_lost(const SourceCase& of) {
  Made one(of);
  const RecordingEmitter first = one.listed();
  Cursors cursors = cursors_of(first);
  for (Cursor& cursor : cursors) {
    cursor.value = R"({"version":4711,"of":"another program"})";
  }
  RecordingEmitter second;
  second.names = first.names;
  const ErrorClass failed = class_of([&] { one.source->list(cursors, second); });
  demand(failed == ErrorClass{0} || failed == ErrorClass::CursorLost,
         "a cursor that it cannot read is neither CursorLost nor a new listing");
  if (failed == ErrorClass{0} && !cursors.empty()) {
    demand(keys_of(second) == keys_of(first),
           "a cursor that it cannot read gives an incomplete listing without a word");
  }
}

inline void ends_every_work_exactly_once(const SourceCase& of) {
  Made one(of);
  FakeQueue queue;
  put_works(queue, of, one.listed());
  one.source->fetch(queue);
  demand(queue.left_over() == 0, "fetch() returned while works were open",
         "each work taken ends in done(), fail() or gone()");
  demand(queue.ended_twice == 0, "a work was ended twice");
  demand(queue.open_bodies == 0, "a body was left open");
  demand(queue.failed.empty(), "a message that is there was not delivered");
  for (const auto& [key, body] : queue.delivered) {
    const Item& item = queue.item(key);
    demand(!item.size || *item.size == body.size(),
           "'" + key + "' was announced with " + std::to_string(item.size.value_or(0)) +
               " octets and has " + std::to_string(body.size()),
           "leave the size out where it is not known");
  }
}

inline void delivers_the_same_octets_again(const SourceCase& of) {
  Made one(of), two(of);
  FakeQueue first, second;
  put_works(first, of, one.listed());
  put_works(second, of, two.listed());
  one.source->fetch(first);
  two.source->fetch(second);
  demand(first.delivered == second.delivered,
         "a message has other octets when it is fetched again");
}

inline void delivers_headers_when_asked_for_headers(const SourceCase& of) {
  Made one(of);
  const RecordingEmitter listing = one.listed();
  FakeQueue bodies, headers;
  put_works(bodies, of, listing);
  put_works(headers, of, listing, Want::Headers);
  one.source->fetch(bodies);
  one.source->fetch(headers);
  for (const auto& [key, header] : headers.delivered) {
    const std::string& body = bodies.delivered[key];
    demand(body.compare(0, header.size(), header) == 0,
           "the header of '" + key + "' is not the beginning of its octets");
    const std::size_t end = std::min(body.find("\r\n\r\n"), body.find("\n\n"));
    demand(end == std::string::npos || header.size() >= end, "the header of '" + key + "' is cut");
  }
  demand(headers.left_over() == 0 && headers.failed.empty(),
         "headers were asked for and not given");
}

inline void tells_what_is_not_there(const SourceCase& of) {
  Made one(of);
  const RecordingEmitter listing = one.listed();
  FakeQueue queue;
  put_works(queue, of, listing);
  Item none = items_of(listing).front();
  none.key += "-which-is-not-there";
  none.ref += "-which-is-not-there";
  queue.put_as(work_of(none), none);
  one.source->fetch(queue);
  demand(queue.delivered.count(none.key) == 0, "a message that is not there was delivered");
  demand(queue.gone_ids.count(none.key) + queue.failed.count(none.key) == 1,
         "a message that is not there ends neither in gone() nor in fail()");
  for (const auto& [key, failure] : queue.failed) {
    demand(failure.error_class != ErrorClass::Internal, "it fails as Internal: " + failure.what);
  }
  demand(queue.left_over() == 0, "the messages beside it were left open");
}

inline void stops_listing_when_told(const SourceCase& of) {
  const std::size_t all = Made(of).listed().events.size();
  for (const std::size_t stop : {std::size_t{1}, all / 2, all}) {
    Made one(of);
    RecordingEmitter emitter;
    emitter.on_event = [&](const Event&) {
      if (emitter.events.size() >= stop) {
        one.host.set_cancel(Cancel::Abort);
        throw Error(ErrorClass::Cancelled, "the run is to stop");
      }
    };
    ErrorClass ended{0};
    ends_soon("list() after the run was cancelled",
              [&] { ended = class_of([&] { one.source->list({}, emitter); }); });
    demand(ended == ErrorClass::Cancelled, "list() swallowed the error of the emitter",
           "let what emit() throws pass");
    demand(emitter.events.size() <= std::max<std::size_t>(stop, 1),
           "list() went on emitting after the run was cancelled");
  }
}

inline void stops_fetching_when_told(const SourceCase& of) {
  for (const Cancel how : {Cancel::Drain, Cancel::Abort}) {
    Made one(of);
    FakeQueue queue;
    put_works(queue, of, one.listed());
    queue.on_write = [&] {
      queue.drop_rest();
      one.host.set_cancel(how);
    };
    ErrorClass ended{0};
    ends_soon("fetch() after the run was cancelled",
              [&] { ended = class_of([&] { one.source->fetch(queue); }); });
    demand(ended == ErrorClass{0} || ended == ErrorClass::Cancelled,
           "fetch() of a cancelled run failed with another class than Cancelled");
    demand(queue.open_bodies == 0, "a body was left open");
    demand(queue.ended_twice == 0, "a work was ended twice");
  }
}

inline void passes_on_that_a_body_cannot_be_written(const SourceCase& of) {
  Made one(of);
  FakeQueue queue;
  put_works(queue, of, one.listed());
  queue.on_write = [] { throw Error(ErrorClass::NoSpace, "the disk is full"); };
  const ErrorClass ended = class_of([&] { one.source->fetch(queue); });
  bool told = ended == ErrorClass::NoSpace;
  for (const auto& [key, failure] : queue.failed) {
    told = told || failure.error_class == ErrorClass::NoSpace;
  }
  demand(told, "the error of write() was swallowed", "let it pass, or give it to fail()");
  demand(queue.delivered.empty(), "a body that could not be written was called done");
}

}  // namespace source_checks

/// All of them, cheapest first.
inline const std::vector<Check<SourceCase>>& checks_of_sources() {
  // NOLINTNEXTLINE(google-build-using-namespace): in here only, and for all of them
  using namespace source_checks;
  static const std::vector<Check<SourceCase>> kChecks{
      {"ChecksWithoutEffect", checks_without_effect},
      {"SaysHowManyThreadsMayFetch", says_how_many_threads_may_fetch},
      {"GivesEveryItemAKeyAStreamAndKnownPlaces", gives_every_item_a_key_a_stream_and_known_places},
      {"ListsCompletelyWithoutCursors", lists_completely_without_cursors},
      {"ListsTheSameKeysAgain", lists_the_same_keys_again},
      {"GoesOnFromItsCursors", goes_on_from_its_cursors},
      {"TakesForeignCursorsForLost", takes_foreign_cursors_for_lost},
      {"EndsEveryWorkExactlyOnce", ends_every_work_exactly_once},
      {"DeliversTheSameOctetsAgain", delivers_the_same_octets_again},
      {"DeliversHeadersWhenAskedForHeaders", delivers_headers_when_asked_for_headers},
      {"TellsWhatIsNotThere", tells_what_is_not_there},
      {"StopsListingWhenTold", stops_listing_when_told},
      {"StopsFetchingWhenTold", stops_fetching_when_told},
      {"PassesOnThatABodyCannotBeWritten", passes_on_that_a_body_cannot_be_written}};
  return kChecks;
}

}  // namespace mailpipe::test
