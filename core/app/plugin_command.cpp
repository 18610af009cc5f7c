#include "command.hpp"
#include "isolated.hpp"
#include "plugin/catalog.hpp"
#include "plugin_check.hpp"
#include "run/exit_code.hpp"

#include <mailpipe/error.hpp>
#include <mailpipe/printable.hpp>
#include <mailpipe/testing/temp_dir.hpp>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <map>

namespace mailpipe::app {

namespace {

/// "TYPE=JSON" -> {TYPE: JSON}.
std::map<std::string, std::string> options_of(const std::vector<std::string>& given) {
  std::map<std::string, std::string> out;
  for (const std::string& one : given) {
    const std::size_t equal = one.find('=');
    if (equal == std::string::npos || equal == 0) {
      throw Error(ErrorClass::Config, "--with needs TYPE=JSON, not '" + printable(one, 60) + "'",
                  R"(as in --with folder='{"path": "/tmp/mail"}')");
    }
    out[one.substr(0, equal)] = one.substr(equal + 1);
  }
  return out;
}

/// Counts what it prints.
class Report {
 public:
  void add(const std::string& subject, const std::string& promise, const Outcome& outcome) {
    const char* mark = outcome.kind == Outcome::Kind::Ok       ? "ok    "
                       : outcome.kind == Outcome::Kind::Failed ? "FAIL  "
                                                               : "--    ";
    std::cout << mark << printable(subject) << ": " << promise;
    if (outcome.kind == Outcome::Kind::Skipped) {
      std::cout << " (" << printable(outcome.what) << ")";
    }
    std::cout << "\n";
    if (outcome.kind == Outcome::Kind::Failed) {
      std::cout << "      " << printable(outcome.what) << "\n";
      if (!outcome.hint.empty()) {
        std::cout << "      help: " << printable(outcome.hint) << "\n";
      }
    }
    counts_[outcome.kind] += 1;
  }

  int end() {
    std::cout << "\n"
              << counts_[Outcome::Kind::Ok] << " ok, " << counts_[Outcome::Kind::Failed]
              << " failed, " << counts_[Outcome::Kind::Skipped] << " not tried\n";
    return counts_[Outcome::Kind::Failed] == 0 ? run::kOk : run::kPlugin;
  }

 private:
  std::map<Outcome::Kind, int> counts_;
};

/// How long one trial may take.
std::chrono::seconds limit_of(const std::string& given) {
  const int seconds = given.empty() ? 120 : std::atoi(given.c_str());
  if (seconds <= 0) {
    throw Error(ErrorClass::Config, "--timeout needs seconds, not '" + printable(given, 60) + "'");
  }
  return std::chrono::seconds(seconds);
}

int check(const std::filesystem::path& file, const std::map<std::string, std::string>& with,
          std::chrono::seconds limit) {
  std::error_code missing;
  const std::filesystem::path path = std::filesystem::canonical(file, missing);
  if (missing) {
    throw Error(ErrorClass::Config, "there is no file '" + printable(file.string()) + "'");
  }
  const plugin::Candidate candidate = plugin::examine(path);
  Report report;
  if (candidate.refused) {
    report.add("file", "has a tag, an ABI and a manifest that fit",
               {Outcome::Kind::Failed,
                std::string(candidate.refused->code()) + ": " + candidate.refused->what(),
                candidate.refused->hint()});
    return report.end();
  }
  report.add("file", "has a tag, an ABI and a manifest that fit", {});
  const test::TempDir folder{test::TempDir::fast_parent()};  // outlives trials that are killed
  ::setenv("MAILPIPE_TEST_DIR", folder.path().c_str(), 1);   // NOLINT(concurrency-mt-unsafe)
  for (const Trial& trial : trials_of(candidate, with)) {
    const Outcome outcome = isolated(trial.run, limit);
    report.add(trial.subject, trial.promise, outcome);
    if (trial.subject == "library" && outcome.kind == Outcome::Kind::Failed) {
      break;  // the rest would say the same
    }
  }
  return report.end();
}

int run(const Arguments& arguments) {
  const std::vector<std::string>& words = arguments.operands();
  if (words.size() != 2 || words[0] != "check") {
    throw Error(ErrorClass::Config, "mailpipe plugin: 'check FILE' is needed",
                "mailpipe plugin check ./lib/my-plugin.so");
  }
  return check(words[1], options_of(arguments.values("with")),
               limit_of(arguments.value("timeout")));
}

}  // namespace

Command plugin_command() {
  Command command{"plugin", "check FILE", "Tries whether a plugin keeps what plugins promise",
                  "",       {},           run};
  command.text =
      "Examines the file, then runs its code: lists, fetches, judges, stores, is cancelled in the\n"
      "middle, and is killed at every file operation and started again. Each trial is a process "
      "of\n"
      "its own. A source is asked for its account as it is; nothing there is changed. A sink gets "
      "a\n"
      "temporary folder as its option `path`.\n\n"
      "  mailpipe plugin check ./source-folder.so --with folder='{\"path\": \"/tmp/mail\"}'\n\n"
      "Exit codes: 0 all well, 2 usage, 5 a promise is broken.\n";
  command.options.values("with", "TYPE=JSON", "options of a component, as under `with:`")
      .value("timeout", "SECONDS", "how long one trial may take (120)");
  return command;
}

}  // namespace mailpipe::app
