#include "command.hpp"
#include "pipeline_file.hpp"
#include "plugin/search_path.hpp"
#include "run/exit_code.hpp"
#include "terminal.hpp"
#include "tested_pipeline.hpp"

#include <mailpipe/error.hpp>
#include <mailpipe/printable.hpp>

#include <nlohmann/json.hpp>

#include <iostream>

namespace mailpipe::app {

namespace {

using Json = nlohmann::ordered_json;

/// Tells of tests one by one, and of all at the end.
class Printer {
 public:
  explicit Printer(bool json) : json_(json) {}

  void no_tests(const std::string& file) const {
    if (!json_) {
      Terminal::instance().print(printable(file) + " has no tests\n");
    }
  }

  /// `prefix`: tells apart the pipelines of a matrix.
  void add(const config::Pipeline& pipeline, const std::string& prefix,
           const config::TestSpec& test, const std::vector<Difference>& differences) {
    (differences.empty() ? passed_ : failed_) += 1;
    if (json_) {
      add_json(pipeline, test, differences);
      return;
    }
    std::string out = (differences.empty() ? "ok    " : "FAIL  ") + prefix;
    out += printable(test.name) + "\n";
    for (const Difference& one : differences) {
      out += "      " + printable(one.at.file) + ":" + std::to_string(one.at.line) + ":" +
             std::to_string(one.at.column) + ": '" + printable(one.key, 100) + "': expected " +
             printable(one.expected) + ", got " + printable(one.got) + "\n";
    }
    Terminal::instance().print(out);
  }

  void end() const {
    if (json_) {
      const Json all{{"tests", tests_}, {"passed", passed_}, {"failed", failed_}};
      std::cout << all.dump(2, ' ', false, Json::error_handler_t::replace) << "\n";
    } else if (passed_ + failed_ > 0) {
      const std::size_t all = passed_ + failed_;
      Terminal::instance().print(std::to_string(all) + (all == 1 ? " test, " : " tests, ") +
                                 std::to_string(failed_) + " failed\n");
    }
  }

  bool any_failed() const noexcept { return failed_ > 0; }

 private:
  void add_json(const config::Pipeline& pipeline, const config::TestSpec& test,
                const std::vector<Difference>& differences) {
    Json failures = Json::array();
    for (const Difference& one : differences) {
      failures.push_back({{"key", printable(one.key)},
                          {"line", one.at.line},
                          {"column", one.at.column},
                          {"expected", printable(one.expected)},
                          {"got", printable(one.got)}});
    }
    tests_.push_back({{"file", printable(pipeline.file.string())},
                      {"pipeline", pipeline.name},
                      {"name", printable(test.name)},
                      {"line", test.mark.line},
                      {"ok", differences.empty()},
                      {"failures", std::move(failures)}});
  }

  const bool json_;
  Json tests_ = Json::array();
  std::size_t passed_ = 0, failed_ = 0;
};

/// The filters of all cells are the same, but for variables: one cell stands for all, unless some are selected.
int test_file(const std::string& file, const plugin::Catalog& catalog,
              const config::LintOptions& options, Printer& printer) {
  const config::LintResult result = read_pipelines(file, catalog, options);
  if (result.exit_code() != run::kOk) {
    return result.exit_code();
  }
  std::size_t tests = 0;
  const std::size_t parts = options.select.empty() ? 1 : result.parts.size();
  for (std::size_t i = 0; i < parts; ++i) {
    const config::Pipeline& pipeline = *result.parts[i].pipeline;
    for (const config::TestSpec& test : pipeline.tests) {
      printer.add(pipeline, parts > 1 ? pipeline.name + ": " : "", test,
                  run_test(pipeline, test, catalog));
      ++tests;
    }
  }
  if (tests == 0) {
    printer.no_tests(file);
  }
  return run::kOk;
}

int run(const Arguments& arguments) {
  if (arguments.operands().empty()) {
    throw Error(ErrorClass::Config, "mailpipe test: a pipeline file is needed",
                "mailpipe test --help");
  }
  const plugin::Catalog catalog(plugin::search_path(arguments.values("plugin-dir")));
  const config::LintOptions options{.overrides = arguments.values("set"),
                                    .select = selections_of("test", arguments)};
  Printer printer(arguments.value("format") == "json");
  int code = run::kOk;
  for (const std::string& file : arguments.operands()) {
    code = run::worst(code, test_file(file, catalog, options, printer));
  }
  printer.end();
  return run::worst(code, printer.any_failed() ? run::kFailure : run::kOk);
}

}  // namespace

Command test_command() {
  Command command{
      "test", "FILE...", "Runs the tests of pipelines: what their filters say of messages",
      "",     {},        run};
  command.text =
      "Under 'tests:' a pipeline says what is given and what is expected of it:\n\n"
      "  tests:\n"
      "    - name: new mail is held for a day\n"
      "      now: 2026-01-02T00:00:00Z\n"
      "      given: { received_at: 2026-01-01T12:00:00Z, mailbox: INBOX }\n"
      "      expect: { verdict: hold, until: 2026-01-02T12:00:00Z }\n\n"
      "Nothing is contacted or written, and no secret is read. Of a matrix the first cell is "
      "tested,\n"
      "or those that --select chooses.\n\n"
      "Exit codes: 0 all passed, or there are none; 1 one failed; 2 a file is wrong; 5 a plugin "
      "is\n"
      "refused.\n";
  command.options.choice("format", {"text", "json"}, "how to print")
      .values("set", "PATH=VALUE", "replace a value, as in filters.window.with.delay=1h");
  add_select_option(command.options);
  command.options.values("plugin-dir", "DIR", "look for plugins here too");
  return command;
}

}  // namespace mailpipe::app
