#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace mailpipe::testing {

/// The folder of a test server that a script in tests/support starts: `SCRIPT FOLDER start OWNER_PID`, `SCRIPT FOLDER stop`,
/// with its ports in FOLDER/ports.env.
///
/// Life cycle  Made empty; start() once; the destructor stops the server and removes the folder. A server whose program is
///             killed ends a second or two later by itself.
/// Threads     One at a time.
/// Errors      Throws std::runtime_error with what the script said.
class ServerFolder {
 public:
  /// `name` is that of the script's folder: "cyrus".
  explicit ServerFolder(std::string name);
  ~ServerFolder();
  ServerFolder(const ServerFolder&) = delete;
  ServerFolder& operator=(const ServerFolder&) = delete;

  const std::string& path() const noexcept { return path_; }

  void start() const;

  /// Runs the script with further words: "add-user", "bob".
  void run(const std::vector<std::string>& words) const;

  /// A number of ports.env.
  int port(const std::string& name) const;

  /// The unpacked software: the environment's CYRUS_FOLDER or `usual`; what a script is told, too.
  static std::string software(const char* variable, const char* usual);

 private:
  std::string name_, path_;
  pid_t owner_;
};

/// All of a file, empty when there is none.
std::string contents_of(const std::string& path);

/// For SetUp(): passes if `why` is empty, else skips the test loudly, or fails it where CI is set.
void need_server(const std::string& why);

}  // namespace mailpipe::testing
