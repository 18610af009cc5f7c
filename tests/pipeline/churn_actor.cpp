#include "pipeline/churn_actor.hpp"

#include "support/sample_mail.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <thread>

namespace mailpipe::test {

using mailpipe::testing::make_large_sample;
using mailpipe::testing::make_sample;
using mailpipe::testing::SampleMail;

ChurnActor::ChurnActor(ChurnJournal& journal, std::uint32_t seed, Digest digest)
    : journal_(journal),
      seed_(seed),
      digest_(std::move(digest)),
      random_(seed) {}

void ChurnActor::step() {
  unsigned all = 0;
  for (const Deed& deed : deeds()) {
    all += deed.weight;
  }
  std::size_t drawn = below(all);
  const auto chosen = std::find_if(deeds().begin(), deeds().end(), [&](const Deed& deed) {
    return drawn < deed.weight || (drawn -= deed.weight, false);
  });
  if (chosen->act(*this)) {
    ++done_[chosen->name];
  }
}

void ChurnActor::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    step();
    std::this_thread::sleep_for(std::chrono::milliseconds(below(4) == 0 ? below(60) : 0));
  }
}

std::vector<std::string> ChurnActor::undone() const {
  std::vector<std::string> out;
  for (const Deed& deed : deeds()) {
    if (done_.count(deed.name) == 0) {
      out.emplace_back(deed.name);
    }
  }
  return out;
}

ChurnActor::Mail ChurnActor::next_mail() {
  constexpr std::size_t kLarge = 40;  // one of so many
  constexpr std::size_t kAgain = 15;
  if (deliver_again_ && !again_.empty() && below(kAgain) == 0) {
    return again_[below(again_.size())];
  }
  SampleMail sample = below(kLarge) == 0
                          ? make_large_sample(static_cast<std::uint32_t>(seed_ + mails_), 700'000)
                          : make_sample(seed_, mails_);
  ++mails_;
  Mail mail{std::move(sample.message), {}, sample.received_at, std::move(sample.flags)};
  mail.digest = digest_(mail.octets);
  if (again_.size() < 30) {
    again_.push_back(mail);
  } else {
    again_[below(again_.size())] = mail;
  }
  return mail;
}

std::size_t ChurnActor::some(std::size_t least, std::size_t most, std::size_t limit) {
  return std::min(least + below(most - least + 1), limit);
}

}  // namespace mailpipe::test
