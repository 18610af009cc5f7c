#pragma once

#include "http_client.hpp"
#include "json_channel.hpp"
#include "login_keeper.hpp"
#include "pacer.hpp"
#include "session.hpp"

#include <mailpipe/host.hpp>
#include <mailpipe/source.hpp>

#include <deque>
#include <memory>
#include <optional>
#include <vector>

namespace mailpipe::jmap {

/// What a Fetcher works with; all borrowed.
struct FetchWorld {
  LoginKeeper& login;
  SessionKeeper& sessions;
  Host& host;
  WorkQueue& queue;
};

struct FetchLimits {
  unsigned in_flight;
  std::uint64_t message_size;
};

/// Downloads messages: takes work while it has room, keeps as many transfers in flight as the server bears, and ends each
/// work in exactly one of done, failed, gone.
///
/// A failure that says something about the message (short, too long, compressed, 404 for a message that is still there) is
/// the message's: Item. One that says something about the server (429, 503, a dropped connection) puts the message back,
/// lets the transfers in flight end, waits, and goes on; after a few such rounds in a row without a success it is thrown. A
/// refused login is refreshed once.
///
/// Life cycle  run() once.
/// Threads     One: run()'s.
/// Errors      run() throws Error; what was in flight is then given up, and handed out again by the queue.
class Fetcher {
 public:
  Fetcher(HttpClient& http, JsonChannel& channel, FetchWorld world, FetchLimits limits);
  ~Fetcher();
  Fetcher(const Fetcher&) = delete;
  Fetcher& operator=(const Fetcher&) = delete;

  void run();

 private:
  class Transfer;
  class Download;
  class Lookup;

  /// A work that is not in flight (yet, or again).
  struct Waiting {
    Work work;
    unsigned tries = 0;           ///< that ended with the server's or the network's trouble
    bool looked_up = false;       ///< Email/get has confirmed it, with this blobId
    std::optional<Error> misfit;  ///< its octets are not what was announced; what was may be old
  };

  void take_more();
  void start_waiting();
  void start(std::unique_ptr<Transfer> transfer, HttpRequest request);
  void reap();
  void pause();
  std::vector<int> wake_fds();

  void download_ended(Waiting work, const HttpReply& reply, std::unique_ptr<BodyWriter> writer,
                      Pacer::Time started);
  void delivered(const HttpReply& reply, BodyWriter& writer);
  void download_failed(Waiting work, const HttpReply& reply, Pacer::Time started);
  void look_up(Waiting work);
  void lookup_ended(Waiting work, const HttpReply& reply, const std::string& body);
  void put_back(Waiting work, const Error& error);
  void slow_down(const Error& error);
  bool login_again(const HttpReply& reply);

  HttpClient& http_;
  JsonChannel& channel_;
  FetchWorld world_;
  FetchLimits limits_;
  Pacer pacer_;
  std::shared_ptr<const Session> session_;
  std::deque<Waiting> waiting_;
  std::vector<std::unique_ptr<Transfer>> active_;
  std::optional<Error> trouble_;  ///< set: nothing new is started before a pause
  unsigned pauses_in_a_row_ = 0;
  bool ended_ = false;
};

}  // namespace mailpipe::jmap
