#pragma once

#include "fetcher.hpp"

#include <map>
#include <string>

// The answers that a Fetcher waits for; for fetcher.cpp and fetch_answers.cpp alone.
namespace mailpipe::imap {

/// A command in flight with the messages that it is about.
class Fetcher::Command : public Answer {
 public:
  Command(Fetcher& fetcher, std::shared_ptr<Selection> selection)
      : fetcher_(fetcher),
        selection_(std::move(selection)) {}

  /// The messages that no answer has settled, in the order in which they were asked for.
  virtual std::vector<Wanted> left() = 0;

  Selection& selection() const noexcept { return *selection_; }

  Fetcher& fetcher() noexcept { return fetcher_; }

 private:
  Fetcher& fetcher_;
  std::shared_ptr<Selection> selection_;
};

/// UID FETCH of bodies.
class Fetcher::Batch : public Command, public std::enable_shared_from_this<Fetcher::Batch> {
 public:
  struct Pending {
    Wanted wanted;
    bool settled = false;
    bool open = false;     ///< its body is coming
    bool empty = false;    ///< a row came for it, without a body
    bool doubted = false;  ///< its length is not the announced one: to be asked for again
  };

  /// A body that has come, still to be handed on.
  struct Arrived {
    std::uint64_t octets = 0;
    std::unique_ptr<BodyWriter> writer;
    std::string head;  ///< all of it, where it is short
  };

  Batch(Fetcher& fetcher, std::shared_ptr<Selection> selection, std::vector<Wanted> wanted);

  void untagged(const Untagged& response) override;
  bool expects_fetch(std::uint32_t uid) const override;
  std::unique_ptr<BodyTarget> body(std::uint32_t uid, std::uint64_t octets) override;

  void unreadable(const Error& why) override {
    drop_kept();
    unreadable_ = why;
  }

  void completed(const Completion& result) override;
  std::vector<Wanted> left() override;

  std::map<std::uint32_t, Pending>& pending() noexcept { return pending_; }

  const std::optional<Error>& unreadable_answer() const noexcept { return unreadable_; }

  /// A body came whose UID was not the one asked for, or was not told.
  bool misnamed() const noexcept { return misnamed_; }

  void settle(Pending& pending, Arrived arrived);

  /// Keeps a body until the response that it came in has ended as it should, and has said whose it is. A literal whose size
  /// is wrong by one leaves a response that cannot be read.
  void keep(Arrived arrived, std::uint32_t uid) {
    kept_ = std::move(arrived);
    kept_uid_ = uid;
  }

 private:
  void drop_kept();

  std::map<std::uint32_t, Pending> pending_;
  std::optional<Error> unreadable_;
  std::optional<Arrived> kept_;
  std::uint32_t kept_uid_ = 0;  ///< 0: it came before its UID
  bool misnamed_ = false;
};

/// UID SEARCH for messages that did not come.
class Fetcher::Lookup : public Command {
 public:
  Lookup(Fetcher& fetcher, std::shared_ptr<Selection> selection, std::vector<Wanted> wanted)
      : Command(fetcher, std::move(selection)),
        wanted_(std::move(wanted)) {}

  void untagged(const Untagged& response) override {
    if (const auto* found = std::get_if<SearchData>(&response)) {
      found_.add(found->uids);
      answered_ = true;
    }
  }

  bool expects_search() const override { return selection().open && !answered_; }

  void unreadable(const Error& /*why*/) override { readable_ = false; }

  void completed(const Completion& result) override { fetcher().lookup_ended(*this, result); }

  std::vector<Wanted> left() override { return std::move(wanted_); }

  const UidSet& found() const noexcept { return found_; }

  /// The server said which are there; without that nothing is gone.
  bool answered() const noexcept { return answered_ && readable_; }

 private:
  std::vector<Wanted> wanted_;
  UidSet found_;
  bool readable_ = true;
  bool answered_ = false;
};

}  // namespace mailpipe::imap
