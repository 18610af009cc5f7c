#pragma once

#include "config/pipeline.hpp"
#include "config/secret.hpp"

#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace mailpipe::app {

/// The secrets of a pipeline's components, read when they are first asked for.
///
/// Every value that comes out is known to the Redactor from then on.
/// Threads  Any; a $command may block for its timeout.
/// Errors   As SecretReference::resolve(); Internal for a secret that no option refers to.
class Secrets {
 public:
  /// `component` as Runner::host() names it.
  void add(const std::string& component, const config::ComponentSpec& spec);

  std::string get(const std::string& component, std::string_view pointer, bool refresh);

 private:
  struct Entry {
    config::SecretReference reference;
    config::Secret value;
    bool known = false;
  };

  std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, Entry> entries_;
};

}  // namespace mailpipe::app
