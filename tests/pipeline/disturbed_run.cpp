#include "pipeline/disturbed_run.hpp"

#include "maildir_sink.hpp"
#include "support/resident_memory.hpp"
#include "support/sanitized.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <thread>

namespace mailpipe::test {
namespace {

namespace fs = std::filesystem;
using What = Disturbance::What;

constexpr double kLongestRun = 20;  // seconds; the machine may be busy

/// What all runs of one sweep together may take beyond the first one; a body here has no hundred octets.
constexpr std::size_t kMostKibALine = 4096;

std::string shown(std::string text) {
  std::string out;
  for (const char c : text) {
    out += c == '\r' ? "\\r" : c == '\n' ? "\\n" : c == '\0' ? "\\0" : std::string(1, c);
  }
  return out;
}

std::string shown(const Lie& lie) {
  std::string text;
  for (const Lying& one : lie.lacking) {
    text += "\n  lacks " + one.folder + " :" + one.flags + " " + shown(one.octets);
  }
  for (const Lying& one : lie.added) {
    text += "\n  has   " + one.folder + " :" + one.flags + " " + shown(one.octets);
  }
  return text;
}

}  // namespace

DisturbedPipeline::DisturbedPipeline(int server_port, MakeSource make) : proxy(server_port) {
  settings.batch_messages = 2;
  settings.batch_interval = std::chrono::milliseconds(5);
  settings.max_backoff = std::chrono::milliseconds(2);
  make_source = [this, make = std::move(make)](run::Runner& runner) {
    return make(runner, proxy.port(), hasty_);
  };
  make_sinks = [this](run::Runner& runner) {
    const std::string mail = (dir / "work/mail").string();
    fs::create_directories(dir / "work");
    const Options options(R"({"path":")" + mail + R"("})");
    return std::vector<run::SinkPart>{
        {.id = "maildir",
         .sink = std::make_shared<maildir::MaildirSink>(options, runner.host("sink:maildir")),
         .can = {.link = true,
                 .update = true,
                 .remove = true,
                 .mailboxes = true,
                 .read = true,
                 .scan = true},
         .root = mail}};
  };
  state_dir = dir / "work/state";
}

run::RunReport DisturbedPipeline::run_over(const Disturbance& disturbance, bool patient) {
  proxy.begin(disturbance);
  hasty_ = disturbance.what == What::Stall;
  settings.retry_budget = std::chrono::seconds(patient ? 2 : 0);
  log.clear();
  return run();
}

Mail DisturbedPipeline::mail() const {
  Mail out;
  if (!fs::exists(dir / "work/mail")) {
    return out;
  }
  for (const auto& entry : fs::recursive_directory_iterator(dir / "work/mail")) {
    const fs::path folder = entry.path().parent_path();
    if (!entry.is_regular_file() || (folder.filename() != "cur" && folder.filename() != "new")) {
      continue;
    }
    const std::string name = entry.path().filename();
    const std::size_t info = name.find(":2,");
    std::ifstream in(entry.path(), std::ios::binary);
    out.insert({folder.parent_path().lexically_relative(dir / "work/mail"),
                info == std::string::npos ? "" : name.substr(info + 3),
                std::string(std::istreambuf_iterator<char>(in), {})});
  }
  return out;
}

void DisturbedPipeline::make_base() {
  fs::remove_all(dir / "base");
  fs::copy(dir / "work", dir / "base", fs::copy_options::recursive);
}

void DisturbedPipeline::back_to_base() {
  fs::remove_all(dir / "work");
  if (fs::exists(dir / "base")) {
    fs::copy(dir / "base", dir / "work", fs::copy_options::recursive);
  }
}

bool Lie::is_another_octet() const {
  if (lacking.size() != 1 || added.size() != 1) {
    return false;
  }
  const Lying& was = *lacking.begin();
  const Lying& is = *added.begin();
  if (was.folder != is.folder || was.flags != is.flags || was.octets.size() != is.octets.size()) {
    return false;
  }
  const auto ends = std::mismatch(was.octets.begin(), was.octets.end(), is.octets.begin());
  const auto moved_by = [&](std::ptrdiff_t count) {
    return was.octets.end() - ends.first >= count &&
           std::equal(ends.first, was.octets.end() - count, ends.second + count);
  };
  return std::equal(ends.first + 1, was.octets.end(), ends.second + 1) || moved_by(1) ||
         moved_by(2);
}

bool Lie::is_other_flags() const {
  return lacking.size() == 1 && added.size() == 1 &&
         lacking.begin()->folder == added.begin()->folder &&
         lacking.begin()->octets == added.begin()->octets;
}

bool Lie::is_other_places() const {
  return std::all_of(added.begin(), added.end(), [&](const Lying& is) {
    return std::any_of(lacking.begin(), lacking.end(),
                       [&](const Lying& was) { return was.octets == is.octets; });
  });
}

/// The line says where, as no two runs send the same.
Lie DisturbedExchange::lie_at(const DisturbingProxy& proxy, const Disturbance& where) const {
  Lie lie;
  lie.to_client = where.to_client;
  const std::vector<DisturbingProxy::Octets> record = proxy.record();
  if (where.connection >= record.size()) {
    return lie;
  }
  const DisturbingProxy::Octets& octets = record[where.connection];
  const std::string& text = where.to_client ? octets.to_client : octets.to_server;
  lie.before = text.substr(0, where.offset);
  const std::size_t start = lie.before.rfind('\n') + 1;
  lie.line = text.substr(start, text.find('\n', where.offset) - start);
  lie.in_body = where.to_client &&
                std::any_of(undisturbed_.begin(), undisturbed_.end(), [&](const Lying& one) {
                  const std::size_t at = text.find(one.octets);
                  return at != std::string::npos && at <= where.offset &&
                         where.offset < at + one.octets.size();
                });
  return lie;
}

DisturbedExchange::DisturbedExchange(Setup setup) : setup_(std::move(setup)) {
  for (std::size_t i = 0; i < setup_.lines; ++i) {
    pipelines_.push_back(std::make_unique<DisturbedPipeline>(setup_.server_port, setup_.make));
    if (setup_.next_run) {
      const run::RunReport before = pipelines_.back()->run_over({}, true);
      EXPECT_EQ(before.exit_code, 0);
      pipelines_.back()->make_base();
    }
  }
  if (setup_.next_run) {
    setup_.meanwhile();
  }
  DisturbedPipeline& first = *pipelines_.front();
  const run::RunReport report = first.run_over({}, true);
  for (const auto& error : report.errors) {
    ADD_FAILURE() << error.what;
  }
  record_ = first.proxy.record();
  undisturbed_ = first.mail();
}

void DisturbedExchange::choose_points(What what, bool to_client) {
  points_.clear();
  octets_ = 0;
  for (std::size_t connection = 0; connection < record_.size(); ++connection) {
    const std::string& text =
        to_client ? record_[connection].to_client : record_[connection].to_server;
    octets_ += text.size();
    for (std::size_t offset = setup_.phase; offset < text.size(); offset += setup_.stride) {
      const std::size_t from = offset < 30 ? 0 : offset - 30;
      points_.push_back({{what, to_client, connection, offset},
                         text.substr(from, offset - from) + ">>" + text.substr(offset, 1) + "<<" +
                             text.substr(offset + 1, 20)});
    }
  }
}

void DisturbedExchange::disturb(What what, bool to_client, const Oracle& oracle) {
  oracle_ = oracle;
  choose_points(what, to_client);
  next_ = struck_ = excused_ = 0;
  ends_.clear();
  problems_.clear();
  forget_peak_of_memory();  // the peak counts from here
  const std::size_t before = resident_kib("VmRSS");
  const auto start = std::chrono::steady_clock::now();
  std::vector<std::thread> threads;
  for (const auto& pipeline : pipelines_) {
    threads.emplace_back([this, &pipeline] { work(*pipeline); });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  const std::size_t grown = std::max(before, resident_kib("VmHWM")) - before;
  std::cout << points_.size() << " of " << octets_
            << (to_client ? " octets" : " octets to the server") << " on " << record_.size()
            << " connections, " << struck_ << " struck, " << excused_ << " excused, "
            << took.count() << " s, slowest run " << slowest_ << " s, grown by " << grown
            << " KiB; exit codes";
  for (const auto& [code, count] : ends_) {
    std::cout << ' ' << code << ": " << count;
  }
  std::cout << '\n';
  constexpr std::size_t kShown = 40;
  for (std::size_t i = 0; i < std::min(problems_.size(), kShown); ++i) {
    ADD_FAILURE() << problems_[i];
  }
  EXPECT_EQ(problems_.size(), 0U);
  EXPECT_GE(struck_ * 2, points_.size()) << "most disturbances must take place";
  if (!kSanitized) {
    EXPECT_LT(grown, pipelines_.size() * kMostKibALine);
  }
}

void DisturbedExchange::work(DisturbedPipeline& pipeline) {
  for (;;) {
    std::size_t number = 0;
    {
      const std::lock_guard lock(mutex_);
      if (next_ == points_.size()) {
        return;
      }
      number = next_++;
    }
    const std::string problem = judge(pipeline, points_[number]);
    if (!problem.empty()) {
      const std::lock_guard lock(mutex_);
      problems_.push_back(std::to_string(points_[number].disturbance.connection) + "/" +
                          std::to_string(points_[number].disturbance.offset) + " " +
                          shown(points_[number].here) + ": " + problem);
    }
  }
}

DisturbedExchange::Ending DisturbedExchange::suffer(DisturbedPipeline& pipeline,
                                                    const Point& point) {
  pipeline.back_to_base();
  const auto start = std::chrono::steady_clock::now();
  Ending ending;
  ending.disturbed = pipeline.run_over(point.disturbance, point.disturbance.offset % 2 == 0);
  ending.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  ending.lie = lie_at(pipeline.proxy, point.disturbance);
  for (const DisturbingProxy::Octets& octets : pipeline.proxy.record()) {
    ending.told = ending.told || (!oracle_.secret.empty() &&
                                  octets.to_server.find(oracle_.secret) != std::string::npos);
  }
  const bool struck = pipeline.proxy.struck();
  ending.quiet = pipeline.run_over({}, true);
  if (setup_.forget) {
    setup_.forget();
  }
  const std::lock_guard lock(mutex_);
  struck_ += struck ? 1 : 0;
  ++ends_[ending.disturbed.exit_code];
  slowest_ = std::max(slowest_, ending.seconds);
  return ending;
}

std::string DisturbedExchange::judge(DisturbedPipeline& pipeline, const Point& point) {
  Ending ending = suffer(pipeline, point);
  return judge(ending, pipeline.mail());
}

std::string DisturbedExchange::judge(Ending& ending, const Mail& now) {
  const run::RunReport& disturbed = ending.disturbed;
  std::string words = "exit " + std::to_string(disturbed.exit_code);
  bool right_class = true;
  for (const auto& error : disturbed.errors) {
    words += " [" + std::to_string(static_cast<int>(error.error_class)) + " " + error.what + "]";
    right_class = right_class && oracle_.classes.count(error.error_class) != 0;
  }
  if (ending.seconds > kLongestRun) {
    return words + ", after " + std::to_string(ending.seconds) + " s";
  }
  if (ending.told) {
    return words + ", and told the secret";
  }
  if (oracle_.exit_codes.count(disturbed.exit_code) == 0 || !right_class) {
    return words;
  }
  Lie& lie = ending.lie;
  std::set_difference(undisturbed_.begin(), undisturbed_.end(), now.begin(), now.end(),
                      std::inserter(lie.lacking, lie.lacking.end()));
  std::set_difference(now.begin(), now.end(), undisturbed_.begin(), undisturbed_.end(),
                      std::inserter(lie.added, lie.added.end()));
  lie.next_exit = ending.quiet.exit_code;
  if (lie.next_exit == 0 && lie.lacking.empty() && lie.added.empty()) {
    return {};
  }
  if (oracle_.excuse && oracle_.excuse(lie)) {
    const std::lock_guard lock(mutex_);
    ++excused_;
    return {};
  }
  words += ", the next one " + std::to_string(lie.next_exit);
  for (const auto& error : ending.quiet.errors) {
    words += " [" + error.what + "]";
  }
  for (const auto& item : ending.quiet.items) {
    words += " {" + item.key + ": " + item.reason + "}";
  }
  return words + ", and in the end it" + shown(lie);
}

}  // namespace mailpipe::test
