#pragma once

#include <mailpipe/plugin.hpp>
#include <mailpipe/root_marker.hpp>

#include <fcntl.h>

#include <cerrno>
#include <filesystem>
#include <string>

/// A folder with one file a message, named after the SHA-256 of its octets.
///
/// All file operations go through Host::fs(): only then can a test kill the sink at each of them.
class DigestSink final : public mailpipe::Sink {
 public:
  DigestSink(const mailpipe::Options& options, mailpipe::Host& host)
      : path_(options.text("path")),
        fs_(host.fs()) {}

  void open(bool read_only) override {
    if (!read_only) {
      make_folder(AT_FDCWD, path_);
      mailpipe::open_dir(fs_, AT_FDCWD, std::filesystem::path(path_).parent_path().string()).sync();
    }
    root_ = mailpipe::open_dir(fs_, AT_FDCWD, path_);
    if (!read_only) {
      make_folder(root_.fd(), kStaging);
      root_.sync();
      staging_ = mailpipe::open_dir(fs_, root_.fd(), kStaging);
    }
  }

  mailpipe::RootState root() override {
    mailpipe::RootState out;
    out.marker = mailpipe::read_root_marker(fs_, root_);
    fs_.list(root_.fd(), [&](std::string_view name) { out.empty = out.empty && name[0] == '.'; });
    return out;
  }

  void mark(const std::string& text) override { mailpipe::write_root_marker(fs_, root_, text); }

  /// Writes the octets where no reader looks. The name of the staging is all that later steps need.
  mailpipe::Staged store(const mailpipe::Item& /*item*/, const mailpipe::Body& body) override {
    const std::string name = name_of(body.digest());
    fs_.unlinkat(staging_.fd(), name.c_str(),
                 0);  // of a run that was killed, or of an equal message
    const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
    const int fd = fs_.openat(staging_.fd(), name.c_str(), flags, 0600);
    if (fd < 0) {
      mailpipe::throw_errno(fd, "cannot create", name);
    }
    mailpipe::File file(fs_, fd, name);
    body.for_each_chunk([&](std::string_view octets) { file.write_all(octets); });
    file.sync_data();
    file.close();
    return {.token = name, .placed = {{.place = "", .location = name}}};
  }

  /// Gives the file its final name. Never over another file: the same name is the same message.
  void publish(const mailpipe::Staged& staged) override {
    const char* name = staged.token.c_str();
    const int moved = fs_.rename_noreplace(staging_.fd(), name, root_.fd(), name);
    if (moved == -EEXIST) {
      fs_.unlinkat(staging_.fd(), name, 0);
    } else if (moved == -ENOENT && exists(staged.token)) {
      return;  // done before
    } else if (moved < 0) {
      mailpipe::throw_errno(moved, "cannot publish", staged.token);
    }
  }

  void discard(const mailpipe::Staged& staged) override {
    fs_.unlinkat(staging_.fd(), staged.token.c_str(), 0);
  }

  /// The octets were synced one by one; their names in the staging folder, and then those in the root.
  void sync(mailpipe::SyncPhase phase) override {
    (phase == mailpipe::SyncPhase::Data ? staging_ : root_).sync();
  }

  /// Only what is complete ever gets a name in the root.
  bool recover(const mailpipe::Intent& intent) override {
    mailpipe::FileInfo info;
    const mailpipe::Receipt& receipt = intent.receipt;
    return receipt.location == name_of(receipt.digest) &&
           fs_.stat(root_.fd(), receipt.location.c_str(), info) >= 0 && info.size == receipt.size;
  }

  void sweep() override {
    fs_.list(staging_.fd(), [&](std::string_view name) {
      fs_.unlinkat(staging_.fd(), std::string(name).c_str(), 0);
    });
  }

  void read(const mailpipe::Receipt& receipt,
            const std::function<void(std::string_view)>& out) override {
    const int fd = receipt.location == name_of(receipt.digest)
                       ? fs_.openat(root_.fd(), receipt.location.c_str(), O_RDONLY | O_NOFOLLOW, 0)
                       : -ENOENT;
    if (fd < 0) {
      throw mailpipe::Error(mailpipe::ErrorClass::Item, "'" + receipt.location + "' is not there");
    }
    const mailpipe::File file(fs_, fd, receipt.location);
    std::string buffer(65536, '\0');
    for (std::uint64_t at = 0;;) {
      const std::int64_t n = fs_.pread(fd, buffer.data(), buffer.size(), at);
      if (n < 0) {
        mailpipe::throw_errno(static_cast<int>(n), "cannot read", receipt.location);
      }
      if (n == 0) {
        return;
      }
      out(std::string_view(buffer).substr(0, static_cast<std::size_t>(n)));
      at += static_cast<std::uint64_t>(n);
    }
  }

 private:
  static constexpr const char* kStaging = ".staging";

  void make_folder(int dir, const std::string& path) {
    const int made = fs_.mkdirat(dir, path.c_str(), 0700);
    if (made < 0 && made != -EEXIST) {
      mailpipe::throw_errno(made, "cannot make the folder", path);
    }
  }

  bool exists(const std::string& name) {
    mailpipe::FileInfo info;
    return fs_.stat(root_.fd(), name.c_str(), info) >= 0;
  }

  static std::string name_of(const mailpipe::Digest& digest) {
    std::string out;
    for (const unsigned octet : digest) {
      out += "0123456789abcdef"[octet / 16];
      out += "0123456789abcdef"[octet % 16];
    }
    return out + ".eml";
  }

  std::string path_;
  mailpipe::Fs& fs_;
  mailpipe::File root_, staging_;
};
