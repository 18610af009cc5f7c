#include "assembly.hpp"
#include "command.hpp"
#include "fs/posix_fs.hpp"
#include "ledger_option.hpp"
#include "pipeline_run.hpp"
#include "plugin/search_path.hpp"
#include "process.hpp"
#include "report_file.hpp"
#include "run/exit_code.hpp"
#include "run/verification.hpp"
#include "terminal.hpp"
#include "verify_report.hpp"

#include <mailpipe/error.hpp>

#include <nlohmann/json.hpp>

#include <chrono>
#include <iostream>

namespace mailpipe::app {

namespace {

/// One call of the command.
class Verify {
 public:
  Verify(const Arguments& arguments, const Log& log, run::Cancellation& cancellation)
      : arguments_(arguments),
        log_(log),
        cancellation_(cancellation),
        catalog_(plugin::search_path(arguments.values("plugin-dir"))),
        pipeline_(pipeline_of(arguments.operands().front(), catalog_,
                              selections_of("verify", arguments))) {
    options_.state_dir = arguments.value("state");
    report_.pipeline = pipeline_.name;
    report_.repair = arguments.has("repair");
    report_.server = arguments.has("server");
  }

  int run() {
    verify();
    if (to_run_) {
      finish_repair();
    }
    const int code = exit_code();
    if (arguments_.value("format") == "json") {
      std::cout << to_json(report_, book_, code)
                       .dump(2, ' ', false, nlohmann::json::error_handler_t::replace)
                << "\n";
    } else {
      print(report_, book_);
    }
    if (arguments_.has("report")) {
      write_report(arguments_.value("report"), to_json(report_, book_, code));
    }
    return code;
  }

 private:
  /// With the lock held and the parts made.
  void with_verification(const std::function<void(run::Verification&)>& use) {
    with_parts(pipeline_, catalog_, options_, cancellation_, log_,
               [&](run::Runner&, const run::Setup& setup, const run::Components& components) {
                 const auto locked = lock_ledger_of(pipeline_, arguments_);
                 run::Verification verification(
                     {setup, components, locked->ledger, book_, fs_, cancellation_,
                      [this](const std::string& sink, std::uint64_t done, std::uint64_t of) {
                        show_progress(sink, done, of);
                      }});
                 use(verification);
                 return run::kOk;
               });
    Terminal::instance().set_bar("");
  }

  void verify() {
    with_verification([&](run::Verification& verification) {
      verification.open(report_.repair);
      if (report_.server) {
        verification.compare();  // first: a refused login is not to cost an hour's reading
      }
      report_.sinks = verification.check(arguments_.values("sink"));
      if (report_.repair) {
        to_run_ = verification.put_right();
      }
    });
  }

  // What was moved aside is fetched by a run like any other. It takes the lock itself: one that slips in between does the
  // same work.
  void finish_repair() {
    run_once();
    bool again = false;
    with_verification([&](run::Verification& verification) {
      verification.open(true);
      again = verification.make_good();
    });
    if (again) {
      run_once();
    }
  }

  void run_once() {
    const run::RunReport report = run_pipeline(pipeline_, catalog_, options_, cancellation_, log_);
    print_errors(report);
    report_.run_exit_code = run::worst(report_.run_exit_code, report.exit_code);
  }

  static void print_errors(const run::RunReport& report) {
    for (const run::ErrorReport& error : report.errors) {
      complain("error: " + error.what, error.hint);
    }
  }

  int exit_code() {
    using End = state::Finding::End;
    const bool damage =
        book_.count(End::Found) + book_.count(End::Lost) + book_.count(End::Failed) > 0;
    std::uint64_t extra = 0;
    for (const auto& sink : report_.sinks) {
      extra += book_.count(state::Finding::Kind::Extra, sink.id);
    }
    const int own = damage ? run::kFailure : extra > 0 ? run::kQuarantined : run::kOk;
    return run::worst(own, report_.run_exit_code);
  }

  void show_progress(const std::string& sink, std::uint64_t done, std::uint64_t of) {
    const auto now = std::chrono::steady_clock::now();
    if (Terminal::instance().is_terminal() && now - shown_ > std::chrono::milliseconds(200)) {
      shown_ = now;
      Terminal::instance().set_bar(progress_line(sink, done, of));
    }
  }

  const Arguments& arguments_;
  const Log& log_;
  run::Cancellation& cancellation_;
  const plugin::Catalog catalog_;
  const config::Pipeline pipeline_;
  RunOptions options_;
  PosixFs fs_;
  state::VerifyBook book_;
  VerifyReport report_;
  bool to_run_ = false;
  std::chrono::steady_clock::time_point shown_;
};

int run(const Arguments& arguments) {
  if (arguments.operands().size() != 1) {
    throw Error(ErrorClass::Config, "mailpipe verify: one pipeline file is needed",
                "mailpipe verify --help");
  }
  if (arguments.has("report")) {
    check_report_place(arguments.value("report"));
  }
  const Log log = make_log(arguments);
  run::Cancellation cancellation;
  const SignalGuard signals(cancellation);
  return Verify(arguments, log, cancellation).run();
}

}  // namespace

Command verify_command() {
  Command command{
      "verify", "FILE", "Compares every stored copy with what was fetched, and mends it",
      "",       {},     run};
  command.text =
      "Reads every file that the ledger has a receipt for and compares its octets. Says which are\n"
      "missing, truncated, damaged or unreadable, and which files no receipt names (extra).\n"
      "Changes nothing without --repair.\n\n"
      "--repair moves damaged files to the trash beside the destination, never deletes one, and\n"
      "runs the pipeline, which fetches what the server still has. What it has no longer is taken\n"
      "from another copy, or named as lost. Destinations that only grow (mbox) are reported on\n"
      "only; messages of others in them are counted, and are no fault.\n\n"
      "--server also lists the whole account: what it has and the ledger does not know, and what\n"
      "is stored and no longer there. Neither is damage.\n\n"
      "Exit codes: 0 all well, or all repaired; 1 damage that is not repaired; 3 no damage, but\n"
      "extra files; 75 a run is going on; others as `mailpipe run`.\n";
  command.options.flag("repair", "move damaged files aside and fetch what is missing")
      .flag("server", "compare with what the server lists")
      .values("sink", "ID", "only this destination")
      .choice("format", {"human", "json"}, "how to print")
      .value("report", "FILE", "write the outcome as JSON");
  add_ledger_options(command.options);
  add_log_options(command.options);
  return command;
}

}  // namespace mailpipe::app
