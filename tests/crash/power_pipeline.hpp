#pragma once

#include "eml_sink.hpp"
#include "maildir_sink.hpp"
#include "mbox_sink.hpp"
#include "state/ledger.hpp"
#include "support/pipeline_run.hpp"

#include <mailpipe/testing/test_host.hpp>

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace mailpipe::test {

namespace fs = std::filesystem;

/// The sinks of a pipeline whose power is cut.
struct PowerCase {
  std::string name;
  std::vector<std::string> sinks;
  int messages = 4;
  int batch = 3;
  std::string sync = "auto";
};

inline void PrintTo(const PowerCase& value, std::ostream* out) {
  *out << value.name;
}

/// From an account in memory into real sinks: a first run, then one with news, updates and removals.
class PowerPipeline : public PipelineRun {
 public:
  explicit PowerPipeline(const PowerCase& which) : case_(which) {
    settings.batch_messages = static_cast<std::uint64_t>(which.batch);
    settings.batch_interval = std::chrono::seconds(10);
    make_sinks = [this](run::Runner& runner) {
      return parts([&](const std::string& id) -> Host& { return runner.host("sink:" + id); });
    };
    account.mailboxes["work"] = {"Work"};
    account.add_many(which.messages);
    account.add("odd", {.body = "Subject: odd\n\nFrom here on no CR\nand no end",
                        .mailboxes = {"inbox", "work"},
                        .keywords = {"$seen", "urgent"}});
    account.add("other", {.body = "Subject: behind it\r\n\r\nx", .mailboxes = {"work"}});
  }

  /// What happens on the server before the second run.
  void second() {
    account.add("new", {.body = "Subject: new\r\n\r\nnew\r\n", .mailboxes = {"work"}});
    account.change("m1", [](auto& m) { m.keywords = {"$flagged", "later"}; });
    account.change("m2", [](auto& m) { m.mailboxes = {"inbox", "work"}; });
    account.remove("m0");
    account.mailboxes["empty"] = {"Work", "Empty"};
  }

  /// Every file and folder of the sinks, what is in it and of when it is. Not the octets of those that name ids of
  /// the ledger, inodes or processes.
  std::map<std::string, std::string> tree() const {
    static const std::set<std::string> kOwn = {".mailpipe-sink.json", "boxes.json", "lock"};
    std::map<std::string, std::string> out;
    for (auto at = fs::recursive_directory_iterator(dir.path()); at != fs::end(at); ++at) {
      const std::string path = at->path().lexically_relative(dir.path()).string();
      if (path == "state") {
        at.disable_recursion_pending();
      } else if (at->is_directory()) {
        out[path] = "folder";
      } else if (kOwn.contains(at->path().filename().string()) ||
                 (path == "mbox.mailpipe/ends" && case_.sinks.size() > 1)) {
        out[path] = "";
      } else {
        std::ifstream in(at->path(), std::ios::binary);
        out[path] = std::string(std::istreambuf_iterator<char>(in), {});
        if (path == "mbox" && case_.sinks.size() > 1) {
          out[path] = sorted(out[path]);
        }
        out[path] += time_of(at->path());
      }
    }
    return out;
  }

  /// What a run made against what one made that nobody disturbed.
  static void expect_same(const std::map<std::string, std::string>& now,
                          const std::map<std::string, std::string>& wanted) {
    for (const auto& [path, octets] : now) {
      const auto found = wanted.find(path);
      if (found == wanted.end()) {
        ADD_FAILURE() << path << " is too much";
      } else if (path.ends_with("/ends")) {
        expect_lines(octets, found->second);
      } else {
        EXPECT_EQ(octets, found->second) << path;
      }
    }
    for (const auto& [path, octets] : wanted) {
      EXPECT_TRUE(now.contains(path)) << path << " is missing";
    }
  }

  /// I1: what the ledger says is stored lies there, or the ledger says what was being done to it.
  void expect_receipts_are_true() {
    const fs::path file = state::Ledger::file_in(dir.path() / "state");
    if (!fs::exists(file) || fs::file_size(file) == 0) {
      return;
    }
    state::Ledger ledger(file, "test", state::Ledger::Open::Existing);
    TestHost host(*file_ops);
    for (const run::SinkPart& part : parts([&](const std::string&) -> Host& { return host; })) {
      if (part.can.ordered) {
        continue;  // an mbox with a torn end is read by those who may cut it only; the next run tells
      }
      std::set<state::RowId> open;
      for (const auto& intent : ledger.intents(part.id)) {
        open.insert(intent.row);
      }
      const auto owed = ledger.owed(part.id, 0, 10000);
      open.insert(owed.begin(), owed.end());
      bool opened = false;
      for (const state::Row& row : ledger.rows(state::RowState::Stored, 0, 10000)) {
        for (const auto& receipt : ledger.receipts(row.id)) {
          if (receipt.sink != part.id || open.contains(row.id)) {
            continue;
          }
          if (!std::exchange(opened, true)) {
            part.sink->open(true);
          }
          expect_there(*part.sink, row, receipt);
        }
      }
    }
  }

 private:
  /// Beside other sinks an mbox may get the messages of a torn batch in another order: those first that lie in another
  /// sink already, whichever these are.
  static std::string sorted(const std::string& box) {
    std::multiset<std::string> messages;
    for (std::size_t at = 0; at < box.size();) {
      const std::size_t next = std::min(box.find("\nFrom ", at), box.size() - 1) + 1;
      messages.insert(box.substr(at, next - at));
      at = next;
    }
    std::string out;
    for (const std::string& message : messages) {
      out += message;
    }
    return out;
  }

  /// A line may be torn, and then there is another one.
  static void expect_lines(const std::string& now, const std::string& wanted) {
    std::istringstream lines(wanted);
    for (std::string line; std::getline(lines, line);) {
      EXPECT_NE(now.find(line + "\n"), std::string::npos) << line;
    }
  }

  static std::string time_of(const fs::path& file) {
    struct stat info {};

    ::stat(file.c_str(), &info);
    const bool given = info.st_mtim.tv_sec <= 3'000'000;  // by the sink, not by the clock
    return given ? " of " + std::to_string(info.st_mtim.tv_sec) : "";
  }

  static void expect_there(Sink& sink, const state::Row& row, const state::ReceiptRow& receipt) {
    const Receipt question{.key = row.item.key,
                           .place = receipt.place,
                           .location = receipt.location,
                           .size = receipt.size,
                           .digest = receipt.digest,
                           .keywords = receipt.keywords};
    try {
      std::string octets;
      sink.read(question, [&](std::string_view more) { octets += more; });
      EXPECT_EQ(spool::sha256(octets), receipt.digest) << receipt.location;
    } catch (const Error& error) {
      ADD_FAILURE() << row.item.key << " has a receipt for " << receipt.sink << ": "
                    << error.what();
    }
  }

  std::vector<run::SinkPart> parts(const std::function<Host&(const std::string&)>& host) const {
    std::vector<run::SinkPart> out;
    for (const std::string& id : case_.sinks) {
      out.push_back(part(id, host(id)));
    }
    return out;
  }

  run::SinkPart part(const std::string& id, Host& host) const {
    const auto options = [&](const std::string& name, const std::string& more) {
      return Options(R"({"path":")" + (dir.path() / name).string() + "\"" + more + "}");
    };
    const std::string sync = R"(,"sync":")" + case_.sync + "\"";
    run::SinkPart out{.id = id, .can = {.read = true, .scan = true}, .root = id};
    if (id == "maildir") {
      out.sink = std::make_shared<maildir::MaildirSink>(options(id, sync), host);
      out.can = {.link = true,
                 .update = true,
                 .remove = true,
                 .mailboxes = true,
                 .read = true,
                 .scan = true,
                 .places = true};
      out.on_remove = run::OnRemove::Trash;
    } else if (id == "mbox" || id == "mboxes") {
      out.sink = std::make_shared<mbox::MboxSink>(
          options(id, id == "mbox" ? R"(,"layout":"single")" : ""), host);
      out.can.ordered = true;
      if (id == "mboxes") {
        out.can.link = out.can.mailboxes = out.can.places = true;
      }
    } else {
      const bool sidecars = id == "sidecars";
      out.sink = std::make_shared<eml::EmlSink>(
          options(id, sync + (sidecars ? R"(,"sidecar":"json")" : "")), host);
      out.can.remove = true;
      out.can.update = out.can.metadata = sidecars;
      out.on_remove = id == "deleting" ? run::OnRemove::Delete : run::OnRemove::Trash;
    }
    return out;
  }

  PowerCase case_;
};

}  // namespace mailpipe::test
