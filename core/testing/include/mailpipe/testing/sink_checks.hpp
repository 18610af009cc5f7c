#pragma once

#include <mailpipe/sink.hpp>
#include <mailpipe/testing/check.hpp>
#include <mailpipe/testing/counting_fs.hpp>
#include <mailpipe/testing/faulty_fs.hpp>
#include <mailpipe/testing/message.hpp>
#include <mailpipe/testing/plain_fs.hpp>
#include <mailpipe/testing/temp_dir.hpp>
#include <mailpipe/testing/test_host.hpp>
#include <mailpipe/testing/unsynced_fs.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace mailpipe::test {

/// What any sink brings that keeps its messages below one folder, in whatever form.
struct AnySinkCase {
  std::string name;
  std::function<std::shared_ptr<Sink>(Host&, const std::filesystem::path& root)> make;
  std::set<std::string> capabilities;  ///< as in the manifest

  bool can(const char* capability) const { return capabilities.count(capability) != 0; }
};

inline void PrintTo(const AnySinkCase& value, std::ostream* out) {
  *out << value.name;
}

namespace sink_checks {

namespace fs = std::filesystem;

/// A folder for one check, and the way of messages into a sink there.
class Place {
 public:
  explicit Place(const AnySinkCase& of) : case_(of) {}

  std::shared_ptr<Sink> made(Host& with) const { return case_.make(with, root); }

  std::shared_ptr<Sink> opened() {
    auto sink = made(host);
    sink->open(false);
    return sink;
  }

  /// What the ledger would know.
  struct Known {
    std::vector<std::pair<Message, Staged>> intents;
    bool durable = false;  ///< receipts were written

    void add(const Message& one, Staged staged) { intents.emplace_back(one, std::move(staged)); }
  };

  /// The way of a batch through a sink, as the engine goes it; `known` is what stands in the ledger
  /// when it ends early.
  static void commit(Sink& sink, const std::vector<Message>& messages, Known& known) {
    Known batch;
    for (const Message& each : messages) {
      batch.add(each, sink.store(each.item, each.body()));
    }
    sink.sync(SyncPhase::Data);
    known = batch;
    for (const auto& [message, staged] : known.intents) {
      sink.publish(staged);
    }
    sink.sync(SyncPhase::Names);
    known.durable = true;
  }

  static Receipt receipt(const Message& of, const Placed& placed) {
    Receipt out = of.receipt(placed.location);
    out.place = placed.place;
    return out;
  }

  static std::string octets(Sink& sink, const Receipt& of) {
    std::string out;
    sink.read(of, [&](std::string_view part) { out += part; });
    return out;
  }

  static std::size_t found(Sink& sink) {
    std::size_t count = 0;
    sink.scan([&](const Found&) { ++count; });
    return count;
  }

  /// Every message of `known` is where its receipt says.
  void demand_all(Sink& sink, const Known& known, const std::string& when) const {
    if (!case_.can("read")) {
      return;
    }
    for (const auto& [message, staged] : known.intents) {
      for (const Placed& placed : staged.placed) {
        demand(octets(sink, receipt(message, placed)) == message.octets,
               "'" + message.item.key + "' reads back with other octets " + when);
      }
    }
  }

  TempDir dir{TempDir::fast_parent()};
  fs::path root = dir / "root";
  PlainFs plain;
  UnsyncedFs files{plain};
  TestHost host{files};

 private:
  const AnySinkCase& case_;
};

inline std::vector<Message> two_messages() {
  return {message("M1", "one"), message("M2", "two")};
}

inline void needs(const AnySinkCase& of, const char* capability) {
  if (!of.can(capability)) {
    throw NotApplicable(std::string("the manifest does not name '") + capability + "'");
  }
}

inline void opens_an_empty_root_and_keeps_its_marker(const AnySinkCase& of) {
  Place at(of);
  {
    const auto sink = at.opened();
    const RootState state = sink->root();
    demand(state.empty, "a new root is not empty");
    demand(state.marker.empty(), "a new root has a marker");
    sink->mark("{\"ledger\":1}");
    sink->mark("{\"ledger\":2}");
  }
  demand(at.opened()->root().marker == "{\"ledger\":2}",
         "the marker that was written last is lost");
}

inline void says_that_a_filled_root_is_not_empty(const AnySinkCase& of) {
  Place at(of);
  Place::Known known;
  Place::commit(*at.opened(), two_messages(), known);
  demand(!at.opened()->root().empty, "a root with two messages is called empty",
         "the engine would start anew over an old backup");
}

inline void looks_without_changing_anything(const AnySinkCase& of) {
  Place at(of);
  class_of([&] { at.made(at.host)->open(true); });  // it may say that there is nothing
  demand(!fs::exists(at.root), "opening to look made the root");
}

inline void shows_nothing_before_publish(const AnySinkCase& of) {
  needs(of, "scan");
  Place at(of);
  const auto sink = at.opened();
  for (const Message& each : two_messages()) {
    sink->store(each.item, each.body());
  }
  sink->sync(SyncPhase::Data);
  demand(Place::found(*sink) == 0, "a staged message is visible before publish()");
}

inline void finds_what_it_stored(const AnySinkCase& of) {
  needs(of, "scan");
  Place at(of);
  Place::Known known;
  Place::commit(*at.opened(), two_messages(), known);
  demand(Place::found(*at.opened()) == 2, "scan() does not find the two messages that were stored");
}

inline void reads_back_what_it_stored(const AnySinkCase& of) {
  needs(of, "read");
  Place at(of);
  Message odd = message("M3", "odd");
  odd.octets += "From here\r\n>From there\r\n.\r\n\xff\xfe" + std::string(70'000, 'x') + "\r\n";
  Place::Known known;
  {
    const auto sink = at.opened();
    Place::commit(*sink, {message("M1", "one"), message("M2", "two"), odd}, known);
    at.demand_all(*sink, known, "in the same run");
  }
  at.demand_all(*at.opened(), known, "in the next run");
}

inline void keeps_two_messages_of_one_name(const AnySinkCase& of) {
  needs(of, "read");
  Place at(of);
  Message one = message("M1", "same");
  Message two = one;
  two.item.key += "-too";
  two.octets += "other\r\n";
  Place::Known known;
  const auto sink = at.opened();
  Place::commit(*sink, {one, two}, known);
  at.demand_all(*sink, known, "beside another of the same subject and date");
}

inline void publishes_twice_without_harm(const AnySinkCase& of) {
  Place at(of);
  const auto sink = at.opened();
  Place::Known known;
  Place::commit(*sink, two_messages(), known);
  for (const auto& [message, staged] : known.intents) {
    sink->publish(staged);
  }
  sink->sync(SyncPhase::Names);
  at.demand_all(*sink, known, "after it was published twice");
  if (of.can("scan")) {
    demand(Place::found(*sink) == 2, "publishing twice left more than two messages");
  }
}

inline void discards_without_a_trace(const AnySinkCase& of) {
  Place at(of);
  const auto sink = at.opened();
  for (const Message& each : two_messages()) {
    const Staged staged = sink->store(each.item, each.body());
    sink->discard(staged);
    sink->discard(staged);
  }
  Place::Known known;
  Place::commit(*sink, two_messages(), known);
  at.demand_all(*sink, known, "after it was discarded and stored again");
  if (of.can("scan")) {
    demand(Place::found(*sink) == 2, "what was discarded is there");
  }
}

/// What the next run does: recovery, then all that is not known to be there once more.
inline void resume(Place& at, const AnySinkCase& of, Place::Known known, const std::string& when) {
  const auto sink = at.opened();
  std::vector<Message> missing;
  Place::Known kept;
  for (const Message& each : two_messages()) {
    const auto found =
        std::find_if(known.intents.begin(), known.intents.end(),
                     [&](const auto& one) { return one.first.item.key == each.item.key; });
    const bool present =
        found != known.intents.end() &&
        (known.durable ||
         sink->recover({Place::receipt(each, found->second.placed.at(0)), found->second.token}));
    if (present) {
      kept.add(each, found->second);
    } else {
      missing.push_back(each);
    }
  }
  sink->sync(SyncPhase::Names);
  sink->sweep();
  at.demand_all(*sink, kept, "after " + when);
  Place::Known rest;
  Place::commit(*sink, missing, rest);
  at.demand_all(*sink, rest, "stored again after " + when);
  at.demand_all(*sink, kept, "after " + when + " and one more batch");
  if (of.can("scan")) {
    const std::size_t count = Place::found(*sink);
    demand(count == 2,
           "after " + when + " and another run there are " + std::to_string(count) +
               " messages in place of 2",
           "recover() must leave nothing half published, store() no second copy");
  }
}

/// From each file operation on, everything fails, as if the process had died there.
inline void recovers_when_killed_at_any_call(const AnySinkCase& of) {
  for (std::uint64_t nth = 1; nth < 2000; ++nth) {
    Place at(of);
    FaultyFs faulty(at.files);
    Place::Known known;
    {
      TestHost host(faulty);
      const auto sink = at.made(host);
      faulty.fail({.nth = nth, .error = EIO, .lasts = true});
      class_of([&] {
        sink->open(false);
        Place::commit(*sink, two_messages(), known);
      });
    }
    const bool killed = faulty.hit();
    resume(at, of, known, "a kill at file operation " + std::to_string(nth));
    if (!killed) {
      return;
    }
  }
  throw Broken("two messages take more than 2000 file operations");
}

/// A kill loses nothing that was written, a power cut does: so the syncs themselves are counted.
inline void syncs_what_it_stored_and_published(const AnySinkCase& of) {
  Place at(of);
  CountingFs counting(at.files);
  TestHost host(counting);
  const auto sink = at.made(host);
  sink->open(false);
  std::vector<Staged> staged;
  for (const Message& each : two_messages()) {
    counting.reset();
    staged.push_back(sink->store(each.item, each.body()));
    sink->sync(SyncPhase::Data);
    demand(counting.syncs() > 0, "a message was staged and nothing was synced by sync(Data)");
    counting.reset();
    sink->publish(staged.back());
    sink->sync(SyncPhase::Names);
    demand(counting.syncs() > 0, "a message was published and nothing was synced by sync(Names)");
  }
}

inline void tells_of_every_sync_that_fails(const AnySinkCase& of) {
  for (const FsCall call : {FsCall::Fdatasync, FsCall::Fsync, FsCall::Syncfs}) {
    for (std::uint64_t nth = 1; nth < 2000; ++nth) {
      Place at(of);
      FaultyFs faulty(at.files);
      TestHost host(faulty);
      const auto sink = at.made(host);
      faulty.fail({.kind = call, .nth = nth, .error = EIO});
      Place::Known known;
      const ErrorClass failed = class_of([&] {
        sink->open(false);
        Place::commit(*sink, two_messages(), known);
      });
      if (!faulty.hit()) {
        break;
      }
      demand(failed != ErrorClass{0}, "a sync failed and nobody was told",
             "after a failed sync the octets may be gone; the next one says nothing of it");
    }
  }
}

inline void calls_a_full_disk_a_full_disk(const AnySinkCase& of) {
  Place at(of);
  FaultyFs faulty(at.files);
  TestHost host(faulty);
  const auto sink = at.made(host);
  sink->open(false);
  faulty.fail({.kind = FsCall::Write, .nth = 1, .error = ENOSPC, .lasts = true});
  Place::Known known;
  const ErrorClass failed = class_of([&] { Place::commit(*sink, two_messages(), known); });
  demand(!faulty.hit() || failed == ErrorClass::NoSpace,
         "ENOSPC is not class NoSpace, so the run ends without the right words",
         "throw_errno() of mailpipe/file.hpp maps errno to a class");
  faulty.heal();
  resume(at, of, known, "a full disk");
}

inline void reaches_nothing_outside_its_root(const AnySinkCase& of) {
  Place at(of);
  const Message one = message("M1", "one");
  std::ofstream(at.dir / "outside", std::ios::binary) << one.octets;
  const auto sink = at.opened();
  for (const char* name : {"../outside", "", ".", "..", "/etc/passwd"}) {
    bool present = false;
    class_of([&] { present = sink->recover({one.receipt(name), "../outside"}); });
    demand(!present, std::string("recover() says that '") + name + "' is there");
    if (of.can("read")) {
      demand(class_of([&] { Place::octets(*sink, one.receipt(name)); }) != ErrorClass{0},
             std::string("read() reads '") + name + "'");
    }
    if (of.can("remove")) {
      class_of([&] { sink->remove(one.receipt(name), Removal::Delete); });
    }
  }
  demand(fs::exists(at.dir / "outside"), "a file beside the root was removed");
}

inline void stays_inside_whatever_a_message_is_called(const AnySinkCase& of) {
  Place at(of);
  std::vector<Message> messages;
  for (const std::string name :
       {"../../evil", "/evil", "..", "a/../../evil", "con\n\x1b[31m\xff"}) {
    Message odd = message("M" + std::to_string(messages.size()), name);
    odd.item.key = name;
    odd.item.server_id = name;
    odd.item.name = name;
    odd.item.places = {{.id = name, .path = {name, std::string(400, 'y')}, .role = ""}};
    messages.push_back(odd);
  }
  const auto sink = at.opened();
  for (const Message& each : messages) {
    Place::Known known;
    const ErrorClass failed = class_of([&] { Place::commit(*sink, {each}, known); });
    demand(failed == ErrorClass{0} || failed == ErrorClass::Item,
           "a message with an odd name fails for all the others");
  }
  for (const auto& entry : fs::directory_iterator(at.dir.path())) {
    const std::string name = entry.path().filename().string();
    demand(name.rfind("root", 0) == 0, "'" + name + "' was written beside the root");
  }
}

inline void removes_once_and_for_all(const AnySinkCase& of) {
  needs(of, "remove");
  for (const Removal how : {Removal::Trash, Removal::Delete}) {
    Place at(of);
    const auto sink = at.opened();
    Place::Known known;
    Place::commit(*sink, two_messages(), known);
    const Receipt gone =
        Place::receipt(known.intents[0].first, known.intents[0].second.placed.at(0));
    sink->remove(gone, how);
    sink->remove(gone, how);
    sink->sync(SyncPhase::Names);
    known.intents.erase(known.intents.begin());
    at.demand_all(*sink, known, "after another one was removed");
    if (of.can("scan")) {
      demand(Place::found(*sink) == 1, "a removed message is still there, or took another with it");
    }
  }
}

inline void updates_twice_without_harm(const AnySinkCase& of) {
  needs(of, "update");
  Place at(of);
  const auto sink = at.opened();
  Place::Known known;
  Place::commit(*sink, two_messages(), known);
  for (auto& [message, staged] : known.intents) {
    Placed& placed = staged.placed.at(0);
    Item seen = message.item;
    seen.keywords = {"$flagged", "$seen"};
    placed.location = sink->update(Place::receipt(message, placed), seen);
    placed.location = sink->update(Place::receipt(message, placed), seen);
  }
  sink->sync(SyncPhase::Names);
  at.demand_all(*sink, known, "after its keywords changed");
}

inline void links_a_stored_message_to_a_further_place(const AnySinkCase& of) {
  needs(of, "link");
  Place at(of);
  const auto sink = at.opened();
  Place::Known known;
  Place::commit(*sink, two_messages(), known);
  auto [one, staged] = known.intents.at(0);
  one.item.places.push_back({.id = "further", .path = {"Further"}, .role = ""});
  const Staged link = sink->link(Place::receipt(one, staged.placed.at(0)), one.item, "further");
  demand(link.placed.size() == 1 && link.placed[0].place == "further",
         "link() staged something else than the one place that it was asked for");
  sink->sync(SyncPhase::Data);
  sink->publish(link);
  sink->publish(link);
  sink->sync(SyncPhase::Names);
  known.add(one, link);
  at.demand_all(*sink, known, "after it was linked to a further place");
}

inline void makes_and_removes_mailboxes_twice(const AnySinkCase& of) {
  needs(of, "mailboxes");
  Place at(of);
  const auto sink = at.opened();
  const Mailbox box{.id = "box", .path = {"Lists", "dev"}, .role = ""};
  for (const MailboxChange change : {MailboxChange::Create, MailboxChange::Remove}) {
    sink->mailbox(change, box);
    sink->mailbox(change, box);
    sink->sync(SyncPhase::Names);
  }
  Place::Known known;
  Message in_box = message("M1", "one");
  in_box.item.places = {box};
  sink->mailbox(MailboxChange::Create, box);
  Place::commit(*sink, {in_box}, known);
  sink->mailbox(MailboxChange::Remove, box);
  sink->sync(SyncPhase::Names);
  at.demand_all(*sink, known, "after its mailbox was to be removed: only an empty one goes");
}

}  // namespace sink_checks

inline const std::vector<Check<AnySinkCase>>& checks_of_sinks() {
  // NOLINTNEXTLINE(google-build-using-namespace): in here only, and for all of them
  using namespace sink_checks;
  static const std::vector<Check<AnySinkCase>> kChecks{
      {"OpensAnEmptyRootAndKeepsItsMarker", opens_an_empty_root_and_keeps_its_marker},
      {"SaysThatAFilledRootIsNotEmpty", says_that_a_filled_root_is_not_empty},
      {"LooksWithoutChangingAnything", looks_without_changing_anything},
      {"ShowsNothingBeforePublish", shows_nothing_before_publish},
      {"FindsWhatItStored", finds_what_it_stored},
      {"ReadsBackWhatItStored", reads_back_what_it_stored},
      {"KeepsTwoMessagesOfOneName", keeps_two_messages_of_one_name},
      {"PublishesTwiceWithoutHarm", publishes_twice_without_harm},
      {"DiscardsWithoutATrace", discards_without_a_trace},
      {"ReachesNothingOutsideItsRoot", reaches_nothing_outside_its_root},
      {"StaysInsideWhateverAMessageIsCalled", stays_inside_whatever_a_message_is_called},
      {"RemovesOnceAndForAll", removes_once_and_for_all},
      {"UpdatesTwiceWithoutHarm", updates_twice_without_harm},
      {"LinksAStoredMessageToAFurtherPlace", links_a_stored_message_to_a_further_place},
      {"MakesAndRemovesMailboxesTwice", makes_and_removes_mailboxes_twice},
      {"CallsAFullDiskAFullDisk", calls_a_full_disk_a_full_disk},
      {"SyncsWhatItStoredAndPublished", syncs_what_it_stored_and_published},
      {"TellsOfEverySyncThatFails", tells_of_every_sync_that_fails},
      {"RecoversWhenKilledAtAnyCall", recovers_when_killed_at_any_call}};
  return kChecks;
}

}  // namespace mailpipe::test
