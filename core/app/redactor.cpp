#include "redactor.hpp"

#include <mailpipe/printable.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>

namespace mailpipe::app {

namespace {

constexpr std::string_view kInstead = "[secret]";
constexpr std::size_t kShortest = 4;

std::string as_json(std::string_view text) {
  const std::string quoted =
      nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return quoted.substr(1, quoted.size() - 2);
}

}  // namespace

Redactor& Redactor::instance() {
  static Redactor redactor;
  return redactor;
}

void Redactor::add(std::string_view secret) {
  if (secret.size() < kShortest) {
    return;
  }
  const std::string seen = printable(secret, 1U << 20U);
  const std::lock_guard lock(mutex_);
  for (std::string form : {std::string(secret), as_json(secret), seen, as_json(seen)}) {
    if (std::find(forms_.begin(), forms_.end(), form) == forms_.end()) {
      forms_.push_back(std::move(form));
    }
  }
  std::sort(forms_.begin(), forms_.end(),
            [](const std::string& a, const std::string& b) { return a.size() > b.size(); });
}

std::string Redactor::redact(std::string text) const {
  const std::lock_guard lock(mutex_);
  for (const std::string& form : forms_) {
    for (std::size_t at = 0; (at = text.find(form, at)) != std::string::npos;
         at += kInstead.size()) {
      text.replace(at, form.size(), kInstead);
    }
  }
  return text;
}

}  // namespace mailpipe::app
