#pragma once

#include "jmap_source.hpp"
#include "support/fake_host.hpp"
#include "support/fake_jmap.hpp"

#include <mailpipe/testing/recording_emitter.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

namespace mailpipe::jmap {

/// A source for one scripted server.
struct TestSource {
  explicit TestSource(const std::string& session_url,
                      nlohmann::json more = nlohmann::json::object()) {
    fake.secrets["/token"] = "s3cret";
    fake.secrets["/password"] = "pa55word";
    nlohmann::json options = {{"session_url", session_url}, {"token", {{"$secret", "/token"}}}};
    options.update(more);
    source = std::make_unique<JmapSource>(Options(options.dump()), fake);
  }

  /// One listing, as a run would do it.
  test::RecordingEmitter list(const Cursors& cursors = {}) {
    test::RecordingEmitter emitter;
    source->list(cursors, emitter);
    return emitter;
  }

  /// The next run after `before`.
  test::RecordingEmitter list_after(const test::RecordingEmitter& before) {
    return list(before.cursors());
  }

  /// The error of a listing that must fail.
  Error list_failure(const Cursors& cursors = {}) {
    test::RecordingEmitter emitter;
    return list_failure(emitter, cursors);
  }

  Error list_failure(test::RecordingEmitter& emitter, const Cursors& cursors = {}) {
    return list_failure_of(emitter, "a1", cursors);
  }

  Error list_failure_of(test::RecordingEmitter& emitter, const std::string& account,
                        const Cursors& cursors) {
    try {
      emitter.stream(account, "");
      source->list(cursors, emitter);
    } catch (const Error& error) {
      return error;
    }
    ADD_FAILURE() << "the listing did not fail";
    return {ErrorClass::Internal, "no failure"};
  }

  test::FakeHost fake;
  std::unique_ptr<JmapSource> source;
};

using Strings = std::vector<std::string>;

/// "m1", "m2", ... in the server, oldest first.
inline void fill(test::FakeJmap& server, int from, int to) {
  for (int i = from; i <= to; ++i) {
    const std::string number = std::to_string(i);
    server.add({"m" + number, "Subject: " + number + "\r\n\r\nbody\r\n"});
  }
}

inline Strings names(int from, int to) {
  Strings all;
  for (int i = from; i <= to; ++i) {
    all.push_back("m" + std::to_string(i));
  }
  return all;
}

}  // namespace mailpipe::jmap
