#include "tested_pipeline.hpp"

#include "assembly.hpp"
#include "figures.hpp"
#include "fs/posix_fs.hpp"
#include "run/trial.hpp"
#include "test_message.hpp"

#include <algorithm>
#include <optional>

namespace mailpipe::app {

namespace {

using Kind = config::TestVerdict::Kind;

std::string joined(const std::vector<std::string>& parts, const char* between) {
  std::string out;
  for (const std::string& part : parts) {
    out += (out.empty() ? "" : between) + part;
  }
  return out;
}

/// A verdict in words; what is not said may be anything.
struct Words {
  Kind kind = Kind::Keep;
  std::optional<std::string> reason, owner, name;
  std::optional<std::chrono::sys_seconds> until;
  std::optional<std::vector<std::string>> mailboxes;

  std::string text() const {
    std::string out = kind == Kind::Drop        ? "drop"
                      : kind == Kind::Hold      ? "hold"
                      : kind == Kind::Duplicate ? "duplicate"
                                                : "keep";
    out += reason ? " (" + *reason + ")" : "";
    out += until ? " until " + utc_time(*until) : "";
    out += owner ? " of '" + *owner + "'" : "";
    out += name ? " as '" + *name + "'" : "";
    out += mailboxes ? " in '" + joined(*mailboxes, "', '") + "'" : "";
    return out;
  }
};

std::vector<std::string> paths_of(const Item& item) {
  std::vector<std::string> out;
  for (const Mailbox& place : item.places) {
    out.push_back(joined(place.path, "/"));
  }
  return out;
}

/// What came out, as far as the test asks for it. A drop tells its reason anyway, and so on: it costs nothing.
Words words_of(const run::Tried& tried, const config::TestVerdict& asked) {
  Words out;
  switch (tried.kind) {
    case run::Tried::Kind::Drop:
      out.kind = Kind::Drop;
      out.reason = tried.reason;
      break;
    case run::Tried::Kind::Hold:
      out.kind = Kind::Hold;
      out.until = tried.until;
      break;
    case run::Tried::Kind::Duplicate:
      out.kind = Kind::Duplicate;
      out.owner = tried.owner;
      break;
    case run::Tried::Kind::Keep:
    case run::Tried::Kind::Refused:
      out.name = asked.name ? std::optional(tried.item.name) : std::nullopt;
      out.mailboxes = asked.mailboxes ? std::optional(paths_of(tried.item)) : std::nullopt;
      break;
  }
  return out;
}

/// "window: before-first-run" is also "before-first-run".
bool same_reason(const std::string& expected, const std::string& got) {
  return got == expected || got.ends_with(": " + expected);
}

template <class Value>
bool fits(const std::optional<Value>& expected, const std::optional<Value>& got) {
  return !expected || expected == got;
}

bool fits(const config::TestVerdict& expected, const run::Tried& tried, const Words& got) {
  auto wanted = expected.mailboxes, there = got.mailboxes;
  for (auto* list : {&wanted, &there}) {
    if (*list) {
      std::sort((*list)->begin(), (*list)->end());
    }
  }
  return tried.kind != run::Tried::Kind::Refused && expected.kind == got.kind &&
         (!expected.reason || same_reason(*expected.reason, got.reason.value_or(""))) &&
         fits(expected.until, got.until) && fits(expected.owner, got.owner) &&
         fits(expected.name, got.name) && fits(wanted, there);
}

std::vector<run::FilterPart> own_filters(const config::Pipeline& pipeline, const std::string& sink,
                                         const plugin::Catalog& catalog, const Hosts& hosts) {
  for (const config::SinkSpec& spec : pipeline.sinks) {
    if (spec.id == sink) {
      return assemble_filters(spec, catalog, hosts);
    }
  }
  return {};
}

}  // namespace

std::vector<Difference> run_test(const config::Pipeline& pipeline, const config::TestSpec& test,
                                 const plugin::Catalog& catalog) {
  PosixFs fs;
  run::Trial trial(fs, test.now.value_or(std::chrono::floor<std::chrono::seconds>(
                           std::chrono::system_clock::now())));
  const Hosts hosts = [&](const std::string& component) -> Host& { return trial.host(component); };
  const auto filters = assemble_filters(pipeline, catalog, hosts);
  const auto own = own_filters(pipeline, test.sink, catalog, hosts);
  std::vector<Difference> out;
  for (std::size_t i = 0; i < test.given.size(); ++i) {
    const std::string octets = octets_of(test.given[i]);
    const config::TestVerdict& expected = test.expect[i];
    const run::Tried tried = trial.judge(item_of(test.given[i], octets), octets, filters, own);
    const Words got = words_of(tried, expected);
    if (!fits(expected, tried, got)) {
      const Words wanted{expected.kind, expected.reason, expected.owner,
                         expected.name, expected.until,  expected.mailboxes};
      const bool refused = tried.kind == run::Tried::Kind::Refused;
      out.push_back({expected.mark, test.given[i].key, wanted.text(),
                     refused ? "quarantined (" + tried.reason + ")" : got.text()});
    }
  }
  return out;
}

}  // namespace mailpipe::app
