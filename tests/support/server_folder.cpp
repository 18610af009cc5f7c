#include "support/server_folder.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <stdexcept>

namespace mailpipe::testing {
namespace {

/// In memory where there is room: these servers sync every message, and filling one took thirty times as long on a disk.
std::string make_folder(const std::string& name) {
  constexpr std::uintmax_t kRoom = std::uintmax_t{2} << 30U;
  std::filesystem::path parent = "/dev/shm";
  std::error_code failure;
  const std::filesystem::space_info space = std::filesystem::space(parent, failure);
  if (failure || space.available < kRoom) {
    parent = std::filesystem::temp_directory_path();
  }
  std::string pattern = (parent / ("mailpipe-" + name + "-XXXXXX")).string();
  if (::mkdtemp(pattern.data()) == nullptr) {
    throw std::runtime_error("no temporary folder for " + name);
  }
  return pattern;
}

}  // namespace

ServerFolder::ServerFolder(std::string name)
    : name_(std::move(name)),
      path_(make_folder(name_)),
      owner_(::getpid()) {}

ServerFolder::~ServerFolder() {
  if (::getpid() != owner_) {
    return;  // a forked child that exits must not take its parent's server along
  }
  try {
    run({"stop"});
    std::filesystem::remove_all(path_);
  } catch (const std::exception& failure) {
    std::cerr << failure.what() << '\n';
  }
}

void ServerFolder::start() const {
  run({"start", std::to_string(owner_)});
}

void ServerFolder::run(const std::vector<std::string>& arguments) const {
  std::vector<std::string> words = {
      std::string(MAILPIPE_TEST_SUPPORT_FOLDER) + "/" + name_ + "/server", path_};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& word : words) {
    argv.push_back(word.data());
  }
  argv.push_back(nullptr);

  const std::string log = path_ + "/script.log";
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  pid_t child = -1;
  const int failure = ::posix_spawn(&child, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  int status = 0;
  if (failure != 0 || ::waitpid(child, &status, 0) != child || status != 0) {
    throw std::runtime_error(arguments.front() + " of the test " + name_ +
                             " failed: " + contents_of(log));
  }
}

int ServerFolder::port(const std::string& name) const {
  std::ifstream ports(path_ + "/ports.env");
  for (std::string line; std::getline(ports, line);) {
    if (line.starts_with(name + "=")) {
      return std::stoi(line.substr(name.size() + 1));
    }
  }
  throw std::runtime_error("the test " + name_ + " has no " + name);
}

std::string ServerFolder::software(const char* variable, const char* usual) {
  ::setenv(variable, usual, 0);
  return std::getenv(variable);
}

std::string contents_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void need_server(const std::string& why) {
  if (why.empty()) {
    return;
  }
  if (std::getenv("CI") != nullptr) {
    FAIL() << why;
  }
  std::cerr << "\n*** SKIPPED, NOT TESTED: " << why << "\n\n";
  GTEST_SKIP() << why;
}

}  // namespace mailpipe::testing
