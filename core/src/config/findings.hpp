#pragma once

#include "config/diagnostic.hpp"
#include "config/mark.hpp"

#include <string>
#include <utility>
#include <vector>

namespace mailpipe::config {

using Findings = std::vector<Diagnostic>;

/// What stands behind the underline and below it.
struct Advice {
  std::string label;
  std::string help;
};

inline void add_finding(Findings& findings, Severity severity, std::string code, const Mark& at,
                        std::string message, Advice advice = {}) {
  findings.push_back({severity, std::move(code), at.file, at.line, at.column, at.length,
                      std::move(message), std::move(advice.label), std::move(advice.help)});
}

inline void add_error(Findings& findings, std::string code, const Mark& at, std::string message,
                      Advice advice = {}) {
  add_finding(findings, Severity::Error, std::move(code), at, std::move(message),
              std::move(advice));
}

inline void add_warning(Findings& findings, std::string code, const Mark& at, std::string message,
                        Advice advice = {}) {
  add_finding(findings, Severity::Warning, std::move(code), at, std::move(message),
              std::move(advice));
}

}  // namespace mailpipe::config
