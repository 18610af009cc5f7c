#include "support/delay_proxy.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <sstream>
#include <stdexcept>

namespace mailpipe::testing {

DelayProxy::DelayProxy(int server_port, std::chrono::milliseconds each_way) {
  std::array<int, 2> in{};
  std::array<int, 2> out{};
  if (::pipe2(in.data(), O_CLOEXEC) != 0 || ::pipe2(out.data(), O_CLOEXEC) != 0) {
    throw std::runtime_error("no pipe for the delay proxy");
  }
  std::array<std::string, 4> words = {"python3", MAILPIPE_TEST_DELAY_PROXY,
                                      std::to_string(server_port),
                                      std::to_string(each_way.count())};
  std::array<char*, 5> argv = {words[0].data(), words[1].data(), words[2].data(), words[3].data(),
                               nullptr};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in[0], 0);
  posix_spawn_file_actions_adddup2(&actions, out[1], 1);
  const int failure = ::posix_spawnp(&pid_, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(in[0]);
  ::close(out[1]);
  to_ = in[1];
  from_ = out[0];
  const std::string line = failure == 0 ? read_line() : "";
  if (line.empty()) {
    throw std::runtime_error("the delay proxy does not start");
  }
  port_ = std::stoi(line);
}

DelayProxy::~DelayProxy() {
  ::close(to_);
  ::close(from_);
  ::waitpid(pid_, nullptr, 0);
}

std::string DelayProxy::read_line() {
  std::string line;
  char c = 0;
  while (::read(from_, &c, 1) == 1 && c != '\n') {
    line += c;
  }
  return line;
}

DelayProxy::Traffic DelayProxy::traffic() {
  if (::write(to_, "traffic\n", 8) != 8) {
    throw std::runtime_error("the delay proxy has ended");
  }
  std::istringstream numbers(read_line());
  Traffic traffic;
  numbers >> traffic.connections >> traffic.octets_in >> traffic.octets_out >> traffic.turns;
  return traffic;
}

}  // namespace mailpipe::testing
