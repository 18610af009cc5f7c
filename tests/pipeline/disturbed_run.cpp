#include "pipeline/disturbed_run.hpp"

#include "maildir_sink.hpp"

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

std::string shown(std::string text) {
  std::string out;
  for (const char c : text) {
    out += c == '\r' ? "\\r" : c == '\n' ? "\\n" : c == '\0' ? "\\0" : std::string(1, c);
  }
  return out;
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

/// Whether what was changed is an octet of a message. The line says where, as no two runs send the same.
bool DisturbedExchange::hit_a_body(const DisturbingProxy& proxy, const Disturbance& where) const {
  const std::vector<DisturbingProxy::Octets> record = proxy.record();
  if (!where.to_client || where.connection >= record.size()) {
    return false;
  }
  const std::string& text = record[where.connection].to_client;
  return std::any_of(undisturbed_.begin(), undisturbed_.end(), [&](const Lying& one) {
    const std::size_t at = text.find(one.octets);
    return at != std::string::npos && at <= where.offset && where.offset < at + one.octets.size();
  });
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

void DisturbedExchange::disturb(What what, bool to_client, const Oracle& oracle) {
  oracle_ = oracle;
  points_.clear();
  next_ = struck_ = excused_ = 0;
  ends_.clear();
  problems_.clear();
  std::size_t octets = 0;
  for (std::size_t connection = 0; connection < record_.size(); ++connection) {
    const std::string& text =
        to_client ? record_[connection].to_client : record_[connection].to_server;
    octets += text.size();
    for (std::size_t offset = 0; offset < text.size(); offset += setup_.stride) {
      const std::size_t from = offset < 30 ? 0 : offset - 30;
      points_.push_back({{what, to_client, connection, offset},
                         text.substr(from, offset - from) + ">>" + text.substr(offset, 1) + "<<" +
                             text.substr(offset + 1, 20)});
    }
  }
  const auto start = std::chrono::steady_clock::now();
  std::vector<std::thread> threads;
  for (const auto& pipeline : pipelines_) {
    threads.emplace_back([this, &pipeline] { work(*pipeline); });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  std::cout << points_.size() << " of " << octets
            << (to_client ? " octets" : " octets to the server") << " on " << record_.size()
            << " connections, " << struck_ << " struck, " << excused_ << " excused, "
            << took.count() << " s, slowest run " << slowest_ << " s; exit codes";
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

/// What nobody can find out over an unencrypted line: another octet within a body, and flags.
bool DisturbedExchange::excusable(bool in_body, const Mail& now) const {
  Mail lacking;
  Mail added;
  std::set_difference(undisturbed_.begin(), undisturbed_.end(), now.begin(), now.end(),
                      std::inserter(lacking, lacking.end()));
  std::set_difference(now.begin(), now.end(), undisturbed_.begin(), undisturbed_.end(),
                      std::inserter(added, added.end()));
  if (lacking.size() != 1 || added.size() != 1) {
    return false;
  }
  const Lying& was = *lacking.begin();
  const Lying& is = *added.begin();
  if (was.folder != is.folder) {
    return false;
  }
  if (was.octets == is.octets) {
    return true;
  }
  std::size_t others = 0;
  for (std::size_t i = 0; i < std::min(was.octets.size(), is.octets.size()); ++i) {
    others += was.octets[i] == is.octets[i] ? 0 : 1;
  }
  return in_body && was.flags == is.flags && was.octets.size() == is.octets.size() && others == 1;
}

std::string DisturbedExchange::judge(DisturbedPipeline& pipeline, const Point& point) {
  pipeline.back_to_base();
  const auto start = std::chrono::steady_clock::now();
  const run::RunReport disturbed =
      pipeline.run_over(point.disturbance, point.disturbance.offset % 2 == 0);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  const bool struck = pipeline.proxy.struck();
  const Mail between = pipeline.mail();
  const bool in_body = hit_a_body(pipeline.proxy, point.disturbance);
  const run::RunReport quiet = pipeline.run_over({}, true);
  {
    const std::lock_guard lock(mutex_);
    struck_ += struck ? 1 : 0;
    ++ends_[disturbed.exit_code];
    slowest_ = std::max(slowest_, took.count());
  }
  std::string words;
  for (const auto& error : disturbed.errors) {
    words += " [" + error.what + "]";
  }
  if (took.count() > kLongestRun) {
    return "took " + std::to_string(took.count()) + " s";
  }
  if (oracle_.exit_codes.count(disturbed.exit_code) == 0) {
    return "ended with " + std::to_string(disturbed.exit_code) + words;
  }
  if (quiet.exit_code != 0) {
    return "the next run ended with " + std::to_string(quiet.exit_code) +
           (quiet.errors.empty() ? "" : " [" + quiet.errors.front().what + "]") + " after" + words;
  }
  const Mail now = pipeline.mail();
  if (now == undisturbed_) {
    return {};
  }
  if (oracle_.lies && excusable(in_body, now)) {
    const std::lock_guard lock(mutex_);
    ++excused_;
    return {};
  }
  std::string difference;
  for (const Lying& one : undisturbed_) {
    if (now.count(one) == 0) {
      difference += "\n  lacks " + one.folder + " :" + one.flags + " " + shown(one.octets);
    }
  }
  for (const Lying& one : now) {
    if (undisturbed_.count(one) != now.count(one)) {
      difference += "\n  has   " + one.folder + " :" + one.flags + " " + shown(one.octets);
    }
  }
  return "exit " + std::to_string(disturbed.exit_code) + words + ", and in the end it" + difference;
}

}  // namespace mailpipe::test
