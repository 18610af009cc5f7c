#pragma once

#include "command_queue.hpp"
#include "login_keeper.hpp"
#include "patience.hpp"
#include "response_parser.hpp"
#include "session.hpp"
#include "transport.hpp"
#include "wire_reader.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

// For session*.cpp alone.
namespace mailpipe::imap {

struct Session::Impl : WireReader::Receiver {
  Impl(const Settings& options, Host& engine, LoginKeeper& keeper);
  ~Impl() override;
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  // The beginning: session_open.cpp.
  void open();
  void connect();
  Completion log_in(const Login& current);
  void ask_capabilities();
  void drive();
  Literals literals() const;
  void greet(const Code& code);
  void learn(std::set<std::string> words);

  // Writing and reading: session_wire.cpp.
  void step(int wake_fd, std::chrono::milliseconds most);
  void write();
  bool read();
  void remember(std::string_view octets);
  void throw_bye_in_literal();
  [[noreturn]] void throw_end(const Error& ended);
  bool wait(int wake_fd, std::chrono::milliseconds most);
  void report();
  void say_goodbye() const noexcept;

  // What the reader finds, and whose it is: session_dispatch.cpp.
  std::unique_ptr<BodyTarget> body(std::uint32_t uid, std::uint64_t octets) override;
  void unreadable(const Error& why) override;
  void response(std::string_view text, UidSet listed) override;
  void take(Tagged& tagged);
  void take(const Continuation& continuation);
  void take(const Bye& bye);
  void take(const Preauth& preauth_greeting);
  void take(Offered& words);
  void take(const Other& other);
  void take(FetchRow& row) const;
  void take(Untagged& response);
  std::shared_ptr<Answer> answer_for(std::uint32_t uid) const;
  void heed(const Notice& notice);
  void alert(const Code& code, const std::string& text);

  const Settings& settings;
  Host& host;
  LoginKeeper& login;
  const std::string where;
  Patience patience;
  ResponseParser parser;
  std::unique_ptr<WireReader> reader;
  CommandQueue queue;
  std::unique_ptr<Transport> transport;
  std::string buffer = std::string(64U * 1024U, '\0');
  Capabilities offered;
  std::optional<Notice> last_refusal;
  unsigned login_generation = 0;
  bool knows_capabilities = false, preauth = false, greeted = false, has_read = false;
  bool broken = true;
  std::size_t dispatched = 0;
  std::string last_octets;
  std::uint64_t octets_in = 0, octets_out = 0, round_trips = 0, commands = 0;
  std::uint64_t unknown = 0, unreadable_count = 0;
};

}  // namespace mailpipe::imap
