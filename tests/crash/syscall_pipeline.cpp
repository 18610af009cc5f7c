#include "crash/syscall_pipeline.hpp"

#include "spool/sha256.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <regex>
#include <stdexcept>
#include <utility>

namespace mailpipe::test {
namespace {

namespace fs = std::filesystem;

/// Copies a tree with its times and hard links. Files that are there keep their inodes: an mbox is known by its own.
void copy_tree(const fs::path& from, const fs::path& to) {
  std::map<ino_t, fs::path> first;
  for (const auto& entry : fs::recursive_directory_iterator(from)) {
    const fs::path target = to / fs::relative(entry.path(), from);
    if (entry.is_directory()) {
      fs::create_directory(target, entry.path());
      continue;
    }

    struct stat status {};

    ::stat(entry.path().c_str(), &status);
    const auto [known, is_new] = first.emplace(status.st_ino, target);
    if (!is_new) {
      fs::create_hard_link(known->second, target);
      continue;
    }
    fs::copy_file(entry.path(), target, fs::copy_options::overwrite_existing);
    fs::last_write_time(target, entry.last_write_time());
  }
}

bool is_box(const fs::path& path) {
  return path.extension() != ".json" && path.extension() != ".lock" &&
         path.string().find("/.mailpipe") == std::string::npos;
}

bool is_message(const fs::path& path) {
  const std::string folder = path.parent_path().filename();
  return path.extension() == ".eml" || folder == "cur" || folder == "new";
}

}  // namespace

std::string octets_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string digest_of(const std::string& octets) {
  std::string out;
  for (const auto octet : spool::sha256(octets)) {
    constexpr const char* kDigits = "0123456789abcdef";
    out += kDigits[static_cast<unsigned char>(octet) >> 4U];
    out += kDigits[static_cast<unsigned char>(octet) & 15U];
  }
  return out;
}

std::string SyscallShape::name() const {
  std::string out = source + " to";
  for (const std::string& sink : sinks) {
    out += " " + sink;
  }
  return out + (later ? ", a later run" : ", the first run");
}

SyscallPipeline::SyscallPipeline(SyscallShape shape) : shape_(std::move(shape)) {
  renew();
}

void SyscallPipeline::renew() {
  account_ = shape_.source == "imap" ? imap_account() : jmap_account();
  if (!shape_.later) {
    return;
  }
  fs::remove_all(work());
  fs::remove_all(dir_ / "base");
  fs::create_directory(work());
  write_file();
  const TracedEnd first = run();
  if (first.exit_code != 0) {
    throw std::runtime_error("the run before: " + first.err);
  }
  fs::create_directory(dir_ / "base");
  copy_tree(work(), dir_ / "base");
  account_->change();
}

void SyscallPipeline::reset() {
  const fs::path boxes = work() / "mbox";
  if (!shape_.later || !fs::exists(boxes)) {
    fs::remove_all(work());
  } else {
    for (const auto& entry : fs::directory_iterator(work())) {
      if (entry.path() != boxes) {
        fs::remove_all(entry.path());
      }
    }
    std::vector<fs::path> mine;
    for (const auto& entry : fs::recursive_directory_iterator(boxes)) {
      if (entry.is_regular_file() &&
          !fs::exists(dir_ / "base" / fs::relative(entry.path(), work()).string())) {
        mine.push_back(entry.path());
      }
    }
    for (const fs::path& path : mine) {
      fs::remove(path);
    }
  }
  fs::create_directories(work());
  if (shape_.later) {
    copy_tree(dir_ / "base", work());
  }
  write_file();
}

void SyscallPipeline::write_file() const {
  std::ofstream out(work() / "p.yaml");
  out << "version: 1\nname: demo\nsource:\n" << account_->yaml() << "sinks:\n";
  for (const std::string& sink : shape_.sinks) {
    out << "  - type: " << sink << "\n    with: { path: ./" << sink
        << (sink == "eml" ? ", sidecar: json" : "") << " }\n";
    if (sink != "mbox") {
      out << "    on_remove: " << (sink == "maildir" ? "trash" : "delete") << "\n";
    }
  }
  out << "state: { dir: ./state }\n"
         "run: { batch: { messages: 2 }, retry: { budget: 0, max_backoff: 1s }, memory: 1MiB }\n";
}

std::vector<std::string> SyscallPipeline::words() const {
  return {MAILPIPE_PROGRAM, "run", "--log-level", "warning", work() / "p.yaml"};
}

std::vector<std::string> SyscallPipeline::environment() const {
  return {"PATH=/usr/bin:/bin", "HOME=" + (work() / "home").string(), "TMPDIR=" + work().string(),
          "LC_ALL=C.UTF-8", "SECRET=secret"};
}

TracedEnd SyscallPipeline::run(const std::optional<Fault>& fault,
                               const std::function<void()>& fired) const {
  return SyscallTracer(work()).run(words(), environment(), fault, fired);
}

TracedEnd SyscallPipeline::run_and_count() const {
  return SyscallTracer(work()).count(words(), environment());
}

std::map<std::string, std::string> SyscallPipeline::tree() const {
  static const std::regex kTrashTime("(-trash/)[0-9_]+");
  std::map<std::string, std::string> out;
  for (const auto& entry : fs::recursive_directory_iterator(work())) {
    const fs::path& path = entry.path();
    const std::string name = fs::relative(path, work());
    std::string what = "folder";
    if (entry.is_regular_file()) {
      const std::string last = path.filename();
      const bool by_name = last == ".mailpipe-sink.json" || last == "boxes.json" ||
                           last == "lock" || last == "p.yaml" || last == "ledger.db";

      struct stat status {};

      ::stat(path.c_str(), &status);
      what = by_name ? "file" : "file " + digest_of(octets_of(path));
      if (is_message(path)) {
        what += " links " + std::to_string(status.st_nlink) + " time " +
                std::to_string(status.st_mtime);
      }
    }
    out[std::regex_replace(name, kTrashTime, "$1TIME")] = what;
  }
  return out;
}

std::map<std::string, std::string> SyscallPipeline::visible() const {
  std::map<std::string, std::string> out;
  for (const auto& entry : fs::recursive_directory_iterator(work())) {
    if (entry.is_regular_file() && is_message(entry.path())) {
      out[fs::relative(entry.path(), work())] = digest_of(octets_of(entry.path()));
    }
  }
  return out;
}

std::map<std::string, std::string> SyscallPipeline::boxes() const {
  std::map<std::string, std::string> out;
  if (!fs::exists(work() / "mbox")) {
    return out;
  }
  for (const auto& entry : fs::recursive_directory_iterator(work() / "mbox")) {
    if (entry.is_regular_file() && is_box(entry.path())) {
      out[fs::relative(entry.path(), work() / "mbox")] = octets_of(entry.path());
    }
  }
  return out;
}

}  // namespace mailpipe::test
