#include "config/secret.hpp"

#include "config/command_output.hpp"

#include <mailpipe/error.hpp>
#include <mailpipe/printable.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace mailpipe::config {
namespace {

Secret without_newline(std::string&& text) {
  std::size_t size = text.size();
  if (size > 0 && text[size - 1] == '\n') {
    --size;
    if (size > 0 && text[size - 1] == '\r') --size;
  }
  text.resize(size);
  return Secret(std::move(text));
}

/// What follows the first line is overwritten.
Secret first_line(std::string&& text) {
  if (text.empty()) return {};
  const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
  explicit_bzero(text.data() + end, text.size() - end);
  text.resize(end);
  return without_newline(std::move(text));
}

/// "/token" -> "token".
std::string option_of(const SecretReference& reference) {
  return printable(reference.pointer.empty() ? "secret" : reference.pointer.substr(1));
}

Secret from_environment(const SecretReference& reference) {
  if (const char* value = std::getenv(reference.name.c_str())) {
    return Secret(std::string(value));
  }
  if (reference.literal) {
    return Secret(std::string(reference.literal->reveal()));
  }
  throw Error(ErrorClass::Config,
              "environment variable '" + printable(reference.name) + "' for '" +
                  option_of(reference) + "' is not set",
              "set it: export " + printable(reference.name) + "=...");
}

/// Closes on the way out, also when an Error is thrown.
struct OpenFile {
  explicit OpenFile(int descriptor) : fd(descriptor) {}

  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  ~OpenFile() {
    if (fd >= 0) ::close(fd);
  }

  int fd;
};

/// Whether systemd put it there for us (LoadCredential=). The group's bits are then the mask of the access list by which
/// the user of the service reads a file of root's: 0440.
bool is_credential(const std::string& path) {
  const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
  return folder != nullptr && *folder == '/' && path.starts_with(std::string(folder) + "/");
}

Secret from_file(const SecretReference& reference) {
  const std::string shown = printable(reference.name);
  const OpenFile file(::open(reference.name.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));

  struct stat status {};

  if (file.fd < 0 || ::fstat(file.fd, &status) != 0) {
    throw Error(ErrorClass::Config,
                "cannot read the secret file '" + shown + "': " + std::strerror(errno),
                "'" + option_of(reference) + "' refers to it with $file");
  }
  if (!S_ISREG(status.st_mode)) {
    throw Error(ErrorClass::Config, "the secret file '" + shown + "' is not a regular file");
  }
  const mode_t too_much = is_credential(reference.name) ? S_IWGRP | S_IRWXO : S_IRWXG | S_IRWXO;
  if ((status.st_mode & too_much) != 0) {
    throw Error(ErrorClass::Config,
                "the secret file '" + shown + "' can be read or changed by others",
                "chmod 600 " + shown);
  }
  std::string text(kMaxSecret + 1, '\0');
  std::size_t size = 0;
  ssize_t got = 0;
  while (size < text.size() &&
         (got = ::read(file.fd, text.data() + size, text.size() - size)) > 0) {
    size += static_cast<std::size_t>(got);
  }
  if (got < 0 || size > kMaxSecret || size == 0) {
    explicit_bzero(text.data(), text.size());
    throw Error(ErrorClass::Config, "the secret file '" + shown + "' " +
                                        (got < 0     ? "cannot be read"
                                         : size == 0 ? "is empty"
                                                     : "is larger than 64 KiB"));
  }
  text.resize(size);
  return without_newline(std::move(text));
}

/// What the command said on standard error, without what it printed as the secret before it failed: `sh -x` repeats that.
std::string last_words(const CommandOutput& result) {
  constexpr std::size_t kShortest = 4;
  std::string said = result.err.substr(0, result.err.find('\n'));
  for (std::string_view rest = result.out; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find_first_of("\r\n"));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    for (std::size_t at = 0;
         line.size() >= kShortest && (at = said.find(line, at)) != std::string::npos;) {
      said.replace(at, line.size(), "[secret]");
      at += sizeof "[secret]" - 1;
    }
  }
  return printable(said, 300);
}

Secret from_command(const SecretReference& reference) {
  CommandOutput result = run_command(reference.argv, reference.hidden, reference.timeout);
  const std::string said = result.exit_status != 0 ? last_words(result) : std::string();
  const std::string command =
      option_of(reference) + " command '" + printable(reference.argv.front()) + "'";
  // `pass show` prints the user name and more after the password, each on a line of its own.
  Secret secret = first_line(std::move(result.out));
  const std::string hint = "run the command by hand in the same environment";
  if (result.timed_out) {
    throw Error(ErrorClass::Auth,
                command + " took longer than " + std::to_string(reference.timeout.count()) +
                    " s and was killed",
                "does it wait for input? It has no terminal to ask on");
  }
  if (result.exit_status != 0) {
    throw Error(ErrorClass::Auth,
                command + " failed (exit status " + std::to_string(result.exit_status) + ")" +
                    (said.empty() ? std::string() : ": " + said),
                hint);
  }
  if (secret.reveal().empty() || secret.reveal().size() > kMaxSecret) {
    throw Error(
        ErrorClass::Auth,
        command + (secret.reveal().empty() ? " printed nothing" : " printed more than 64 KiB"),
        hint);
  }
  return secret;
}

}  // namespace

Secret::Secret(std::string&& text)
    : text_(std::make_unique<char[]>(text.size())),
      size_(text.size()) {
  std::memcpy(text_.get(), text.data(), text.size());
  text.resize(text.capacity());  // what an earlier, longer value left there too
  explicit_bzero(text.data(), text.size());
  text.clear();
}

Secret::Secret(Secret&& other) noexcept
    : text_(std::move(other.text_)),
      size_(std::exchange(other.size_, 0)) {}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this != &other) {
    wipe();
    text_ = std::move(other.text_);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

Secret::~Secret() {
  wipe();
}

void Secret::wipe() noexcept {
  if (text_) {
    explicit_bzero(text_.get(), size_);
  }
  size_ = 0;
}

Secret SecretReference::resolve() const {
  switch (from) {
    case From::Env:
      return from_environment(*this);
    case From::File:
      return from_file(*this);
    case From::Command:
      return from_command(*this);
    case From::Literal:
      break;
  }
  return Secret(std::string(literal->reveal()));
}

}  // namespace mailpipe::config
