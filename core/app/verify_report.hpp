#pragma once

#include "run/verification.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace mailpipe::app {

/// The outcome of one `mailpipe verify`; the findings are in the book.
struct VerifyReport {
  std::string pipeline;
  bool repair = false, server = false;
  std::vector<run::SinkVerified> sinks;
  int run_exit_code = 0;  ///< of the runs that --repair made
};

/// A line a finding, then one a sink.
void print(const VerifyReport& report, state::VerifyBook& book);

/// With the first thousand findings.
nlohmann::json to_json(const VerifyReport& report, state::VerifyBook& book, int exit_code);

/// "verifying eml: 1 200 of 40 000"
std::string progress_line(const std::string& sink, std::uint64_t done, std::uint64_t of);

}  // namespace mailpipe::app
