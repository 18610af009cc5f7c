#pragma once

#include "support/disturbing_proxy.hpp"
#include "support/pipeline_run.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace mailpipe::test {

/// A message as it lies in the Maildirs.
struct Lying {
  std::string folder, flags, octets;

  friend bool operator==(const Lying&, const Lying&) = default;
  friend auto operator<=>(const Lying&, const Lying&) = default;
};

using Mail = std::multiset<Lying>;

/// A pipeline from a server into Maildirs, in process, over a line that can be disturbed.
class DisturbedPipeline : public PipelineRun {
 public:
  /// Makes the source; `hasty`: one that waits as short as it can.
  using MakeSource = std::function<std::shared_ptr<Source>(run::Runner&, int port, bool hasty)>;

  DisturbedPipeline(int server_port, MakeSource make);

  run::RunReport run_over(const Disturbance& disturbance, bool patient);

  Mail mail() const;

  /// Keeps what there is; back_to_base() returns to it.
  void make_base();
  void back_to_base();

  DisturbingProxy proxy;

 private:
  bool hasty_ = false;
};

/// How a disturbance may end.
struct Oracle {
  std::set<int> exit_codes;  ///< of the disturbed run
  bool lies = false;         ///< octets are changed: see expect_equal_but_for_lies()
};

/// An exchange, disturbed at one offset after the other, on several lines at a time.
///
///   disturbed run     ends in time, with one of the oracle's exit codes
///   quiet run         exit 0; the mail is what it is without a disturbance
///
/// What a changed octet may do in a copy where nothing can find it out: see excuse().
class DisturbedExchange {
 public:
  struct Setup {
    int server_port = 0;
    DisturbedPipeline::MakeSource make;
    bool next_run = false;            ///< what is disturbed is not the first run, but one after...
    std::function<void()> meanwhile;  ///< ...this on the server
    std::size_t stride = 1;
    std::size_t lines = 4;
  };

  explicit DisturbedExchange(Setup setup);

  void disturb(Disturbance::What what, bool to_client, const Oracle& oracle);

 private:
  struct Point {
    Disturbance disturbance;
    std::string here;  ///< what was read around it
  };

  bool hit_a_body(const DisturbingProxy& proxy, const Disturbance& where) const;
  bool excusable(bool in_body, const Mail& now) const;
  void work(DisturbedPipeline& pipeline);
  std::string judge(DisturbedPipeline& pipeline, const Point& point);

  Setup setup_;
  std::vector<std::unique_ptr<DisturbedPipeline>> pipelines_;
  std::vector<DisturbingProxy::Octets> record_;
  Mail undisturbed_;
  Oracle oracle_;

  std::mutex mutex_;
  std::vector<Point> points_;
  std::size_t next_ = 0, struck_ = 0, excused_ = 0;
  std::map<int, std::size_t> ends_;
  std::vector<std::string> problems_;
  double slowest_ = 0;
};

}  // namespace mailpipe::test
