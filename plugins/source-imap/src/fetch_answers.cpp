#include "fetch_answers.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace mailpipe::imap {

namespace {

/// What Exchange sends instead of a message that it cannot convert.
constexpr std::string_view kStub =
    "Retrieval using the IMAP4 protocol failed for the following message";
constexpr std::uint64_t kLongestStub = 16U * 1024U;

/// At the start of a line: not where somebody quotes it.
bool is_stub(std::string_view body) {
  for (std::size_t at = body.find(kStub); at != std::string_view::npos;
       at = body.find(kStub, at + 1)) {
    if (at == 0 || body[at - 1] == '\n') {
      return true;
    }
  }
  return false;
}

}  // namespace

/// One body on its way into the queue. A short one is looked at before it is handed on.
class Fetcher::Body : public BodyTarget {
 public:
  Body(std::shared_ptr<Batch> batch, Batch::Pending& pending, std::uint64_t octets, bool named)
      : batch_(std::move(batch)),
        pending_(pending),
        named_(named),
        arrived_{octets, batch_->fetcher().queue_.open(pending.wanted.work.token), {}} {
    pending_.open = true;
  }

  ~Body() override { pending_.open = false; }

  Body(const Body&) = delete;
  Body& operator=(const Body&) = delete;

  void write(std::string_view octets) override {
    if (arrived_.octets <= kLongestStub) {
      arrived_.head += octets;
    } else {
      arrived_.writer->write(octets);
    }
  }

  void done() override { batch_->keep(std::move(arrived_), named_ ? pending_.wanted.uid : 0); }

 private:
  std::shared_ptr<Batch> batch_;
  Batch::Pending& pending_;
  const bool named_;
  Batch::Arrived arrived_;
};

Fetcher::Batch::Batch(Fetcher& fetcher, std::shared_ptr<Selection> selection,
                      std::vector<Wanted> wanted)
    : Command(fetcher, std::move(selection)) {
  for (Wanted& one : wanted) {
    const std::uint32_t uid = one.uid;
    pending_[uid].wanted = std::move(one);
  }
}

bool Fetcher::Batch::expects_fetch(std::uint32_t uid) const {
  const auto found = pending_.find(uid);
  return selection().open && found != pending_.end() && !found->second.settled;
}

void Fetcher::Batch::settle(Pending& pending, Arrived arrived) {
  pending.settled = true;
  if (is_stub(arrived.head)) {
    arrived.writer.reset();
    fetcher().fail(
        pending.wanted,
        fetcher().item_error(pending.wanted, "the server sent an apology in place of the message"));
    return;
  }
  if (fetcher().doubts(pending.wanted, arrived.octets)) {
    pending.settled = false;
    pending.doubted = true;
    return;
  }
  if (!arrived.head.empty()) {
    arrived.writer->write(arrived.head);
  }
  arrived.writer->done();
  fetcher().delivered(pending.wanted, arrived.octets);
}

void Fetcher::Batch::drop_kept() {
  misnamed_ = misnamed_ || kept_;
  kept_.reset();
}

std::unique_ptr<BodyTarget> Fetcher::Batch::body(std::uint32_t uid, std::uint64_t octets) {
  drop_kept();  // the response that it came in has ended
  const bool named = uid != 0;
  if (uid == 0 && pending_.size() == 1 && fetcher().flying_.size() == 1) {
    uid = pending_.begin()->first;
  } else if (uid == 0) {
    fetcher().body_before_uid();
  }
  const auto found = pending_.find(uid);
  if (!selection().open || found == pending_.end() || found->second.settled) {
    return nullptr;
  }
  Pending& pending = found->second;
  if (!selection().holds(pending.wanted)) {
    return nullptr;
  }
  const auto refuse = [&](const std::string& why) {
    pending.settled = true;
    fetcher().fail(pending.wanted, fetcher().item_error(pending.wanted, why));
  };
  if (octets > fetcher().world_.settings.max_message_size) {
    refuse("it has " + std::to_string(octets) + " octets; max_message_size is less");
    return nullptr;
  }
  if (octets == 0 && pending.wanted.work.size.value_or(1) != 0) {
    refuse("the server sends it without its text");
    return nullptr;
  }
  return std::make_unique<Body>(shared_from_this(), pending, octets, named);
}

void Fetcher::Batch::untagged(const Untagged& response) {
  const auto* row = std::get_if<FetchData>(&response);
  if (row != nullptr && row->had_body && kept_) {
    const auto found = pending_.find(row->uid);
    if (found == pending_.end() || found->second.settled ||
        (kept_uid_ != 0 && kept_uid_ != row->uid)) {
      drop_kept();
    } else {
      settle(found->second, std::move(*std::exchange(kept_, std::nullopt)));
    }
    return;
  }
  // A row with flags may have come by itself: somebody changed them.
  if (row == nullptr || row->had_body || row->flags) {
    return;
  }
  if (const auto found = pending_.find(row->uid); found != pending_.end()) {
    found->second.empty = true;
  }
}

void Fetcher::Batch::completed(const Completion& result) {
  fetcher().batch_ended(*this, result);
}

std::vector<Wanted> Fetcher::Batch::left() {
  drop_kept();
  std::vector<Wanted> out;
  for (auto& [uid, pending] : pending_) {
    if (!pending.settled) {
      // The one that was coming in goes first: it may be what ended the connection.
      out.insert(pending.open ? out.begin() : out.end(), pending.wanted);
    }
  }
  return out;
}

}  // namespace mailpipe::imap
