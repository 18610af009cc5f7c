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

/// Where an octet was changed, and what became of the mail by that.
struct Lie {
  std::string line;      ///< the octet's
  std::string before;    ///< all octets of that direction of that connection up to it
  bool in_body = false;  ///< of a message
  bool to_client = true;
  Mail lacking, added;  ///< in the end, compared with an undisturbed exchange
  int next_exit = 0;    ///< of the run over a good line

  /// Of one message alone, another octet of its body; or one or two more, and as many less at its end.
  bool is_another_octet() const;
  /// Of one message alone, other flags.
  bool is_other_flags() const;
  /// Other flags or folders, or messages that nobody told of; what is there has its own octets.
  bool is_other_places() const;
};

/// How a disturbance may end.
struct Oracle {
  std::set<int> exit_codes;      ///< of the disturbed run
  std::set<ErrorClass> classes;  ///< of its errors
  std::function<bool(const Lie&)>
      excuse;               ///< what nobody can find out; without it nothing is excused
  std::string secret = {};  ///< nowhere on the line
};

/// An exchange, disturbed at one offset after the other, on several lines at a time.
///
///   disturbed run     ends in time, with the oracle's exit codes and classes of errors
///   quiet run         exit 0; the mail is what it is without a disturbance
///   both              in bounded memory
///
/// What a changed octet may do in a copy where nothing can find it out: Oracle::excuse.
class DisturbedExchange {
 public:
  struct Setup {
    int server_port = 0;
    DisturbedPipeline::MakeSource make;
    bool next_run = false;            ///< what is disturbed is not the first run, but one after...
    std::function<void()> meanwhile;  ///< ...this on the server
    std::function<void()> forget;     ///< what the server remembers of requests: it grows
    std::size_t stride = 1;
    std::size_t phase = 0;  ///< the first offset
    std::size_t lines = 4;
  };

  explicit DisturbedExchange(Setup setup);

  void disturb(Disturbance::What what, bool to_client, const Oracle& oracle);

 private:
  struct Point {
    Disturbance disturbance;
    std::string here;  ///< what was read around it
  };

  struct Ending {
    run::RunReport disturbed, quiet;
    Lie lie;
    bool told = false;  ///< the secret went over the line
    double seconds = 0;
  };

  void choose_points(Disturbance::What what, bool to_client);
  Lie lie_at(const DisturbingProxy& proxy, const Disturbance& where) const;
  void work(DisturbedPipeline& pipeline);
  Ending suffer(DisturbedPipeline& pipeline, const Point& point);
  std::string judge(DisturbedPipeline& pipeline, const Point& point);
  std::string judge(Ending& ending, const Mail& now);

  Setup setup_;
  std::vector<std::unique_ptr<DisturbedPipeline>> pipelines_;
  std::vector<DisturbingProxy::Octets> record_;
  Mail undisturbed_;
  Oracle oracle_;

  std::mutex mutex_;
  std::vector<Point> points_;
  std::size_t next_ = 0, struck_ = 0, excused_ = 0;
  std::map<int, std::size_t> ends_;
  std::size_t octets_ = 0;
  std::vector<std::string> problems_;
  double slowest_ = 0;
};

}  // namespace mailpipe::test
