#pragma once

#include <mailpipe/plugin.hpp>

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

/// A source of the .eml files in one folder.
class EmlFolder final : public mailpipe::Source {
 public:
  EmlFolder(const mailpipe::Options& options, mailpipe::Host& host)
      : folder_(options.text("path")),
        mailbox_(options.text("mailbox")),
        host_(host) {}

  void check() override {
    if (!std::filesystem::is_directory(folder_)) {
      throw mailpipe::Error(mailpipe::ErrorClass::Config,
                            "there is no folder '" + folder_.string() + "'",
                            "check the option 'path'");
    }
  }

  /// Always tells everything: a folder has no change numbers. What was told before costs nothing.
  void list(const mailpipe::Cursors& /*cursors*/, mailpipe::Emitter& emitter) override {
    check();
    const mailpipe::StreamId stream = emitter.stream("folder", folder_.string());
    emitter.mailbox(stream, {.id = "folder", .path = {mailbox_}, .role = ""});
    emitter.listing_begin(stream);
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
      if (entry.path().extension() == ".eml") {
        tell(entry.path().filename().string(), stream, emitter);
      }
    }
    emitter.listing_end(stream);
    emitter.checkpoint(stream, "{}");
  }

  void fetch(mailpipe::WorkQueue& queue) override {
    while (true) {
      const mailpipe::Taken taken =
          queue.take({});  // waits; this is all the back-pressure there is
      if (taken.state == mailpipe::Taken::State::End) {
        return;
      }
      for (const mailpipe::Work& work : taken.works) {
        if (host_.cancelled() == mailpipe::Cancel::Abort) {
          throw mailpipe::Error(mailpipe::ErrorClass::Cancelled, "the run was cancelled");
        }
        deliver(work, queue);
      }
    }
  }

 private:
  void tell(const std::string& name, mailpipe::StreamId stream, mailpipe::Emitter& emitter) const {
    struct stat info {};

    if (::stat((folder_ / name).c_str(), &info) != 0) {
      return;  // removed meanwhile
    }
    mailpipe::Item item;
    // A message never changes: a file that was written anew is another message, under another key.
    item.key = "eml-folder:" + name + ":" + std::to_string(info.st_mtime) + ":" +
               std::to_string(info.st_size);
    item.ref = name;
    item.stream = stream;
    item.size = static_cast<std::uint64_t>(info.st_size);
    item.received_at = std::chrono::sys_seconds(std::chrono::seconds(info.st_mtime));
    item.places.push_back({.id = "folder", .path = {}, .role = {}});
    emitter.listed(std::move(item));
  }

  void deliver(const mailpipe::Work& work, mailpipe::WorkQueue& queue) const {
    std::ifstream file(folder_ / work.ref, std::ios::binary);
    if (!file) {
      queue.gone(work.token);
      return;
    }
    std::string octets{std::istreambuf_iterator<char>(file), {}};
    if (work.want == mailpipe::Want::Headers) {
      octets.resize(std::min(octets.size(), octets.find("\r\n\r\n")));
    }
    const auto body = queue.open(work.token);
    body->write(octets);
    body->done();
  }

  std::filesystem::path folder_;
  std::string mailbox_;
  mailpipe::Host& host_;
};
