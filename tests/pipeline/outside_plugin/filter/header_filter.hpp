#pragma once

#include <mailpipe/plugin.hpp>

#include <algorithm>
#include <cctype>
#include <string>

/// Drops the messages whose header has a field of a given name.
class HeaderFilter final : public mailpipe::Filter {
 public:
  HeaderFilter(const mailpipe::Options& options, mailpipe::Host& /*host*/)
      : field_("\n" + lower(options.text("drop")) + ":") {}

  mailpipe::Needs needs() const override { return mailpipe::Needs::Headers; }

  mailpipe::Verdict judge(const mailpipe::Item& /*item*/, const mailpipe::Body* body) override {
    const std::string header = "\n" + lower(body->head(kMost));
    return header.find(field_) == std::string::npos ? mailpipe::Verdict::keep()
                                                    : mailpipe::Verdict::drop("has-header");
  }

 private:
  static constexpr std::size_t kMost = 1U << 20U;  // memory does not grow with the message

  static std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
  }

  std::string field_;
};
