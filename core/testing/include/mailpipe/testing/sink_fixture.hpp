#pragma once

#include <mailpipe/error.hpp>
#include <mailpipe/sink.hpp>
#include <mailpipe/testing/counting_fs.hpp>
#include <mailpipe/testing/faulty_fs.hpp>
#include <mailpipe/testing/message.hpp>
#include <mailpipe/testing/temp_dir.hpp>
#include <mailpipe/testing/test_host.hpp>
#include <mailpipe/testing/unsynced_fs.hpp>

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace mailpipe::test {

namespace fs = std::filesystem;

/// What a sink whose root is a folder, with one file a message and the octets as they came, brings
/// to the suite.
struct SinkCase {
  std::string name;
  std::function<std::unique_ptr<Sink>(Host&, const fs::path& root)> make;
  std::string staging;  ///< where it stages what message() makes, relative to the root
  std::string foreign;  ///< where somebody else's message may lie, relative to the root
};

inline void PrintTo(const SinkCase& value, std::ostream* out) {
  *out << value.name;
}

inline std::string slurp(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// What the engine relies on from every sink.
class SinkContract : public testing::TestWithParam<SinkCase> {
 protected:
  std::unique_ptr<Sink> make(Host& with) { return GetParam().make(with, root); }

  std::unique_ptr<Sink> opened() {
    auto sink = make(host);
    sink->open(false);
    return sink;
  }

  /// The way of a batch through a sink, as the engine goes it.
  static std::vector<Staged> commit(Sink& sink, const std::vector<Message>& messages) {
    std::vector<Staged> staged;
    for (const Message& each : messages) {
      staged.push_back(sink.store(each.item, each.body()));
    }
    sink.sync(SyncPhase::Data);
    for (const Staged& each : staged) {
      sink.publish(each);
    }
    sink.sync(SyncPhase::Names);
    return staged;
  }

  static std::string location(const Staged& staged) { return staged.placed.at(0).location; }

  /// A batch as the engine brings it through: a message that is refused is tried once more.
  static Staged commit_stubbornly(Sink& sink, const Message& one) {
    try {
      return commit(sink, {one})[0];
    } catch (const Error& error) {
      EXPECT_EQ(error.error_class(), ErrorClass::Item);
    }
    return commit(sink, {one})[0];
  }

  /// Everything that a reader of the folder sees, with its octets.
  std::map<std::string, std::string> visible() const {
    std::map<std::string, std::string> out;
    if (!fs::exists(root)) {
      return out;
    }
    for (auto at = fs::recursive_directory_iterator(root); at != fs::recursive_directory_iterator();
         ++at) {
      const std::string name = at->path().filename().string();
      if (at->is_directory() && !at->is_symlink()) {
        if (name == "tmp" || name.starts_with(".mailpipe-")) {
          at.disable_recursion_pending();
        }
      } else if (!name.starts_with(".mailpipe-")) {
        out[at->path().lexically_relative(root).string()] =
            at->is_regular_file() ? slurp(at->path()) : "";
      }
    }
    return out;
  }

  std::size_t staged_files() const {
    const fs::path folder = root / GetParam().staging;
    return fs::exists(folder) ? static_cast<std::size_t>(std::distance(
                                    fs::directory_iterator(folder), fs::directory_iterator()))
                              : 0;
  }

  void plant(const std::string& name, const std::string& text) const {
    fs::create_directories((root / name).parent_path());
    std::ofstream(root / name, std::ios::binary) << text;
  }

  static std::string bytes_of(Sink& sink, const Receipt& receipt) {
    std::string out;
    sink.read(receipt, [&](std::string_view octets) { out += octets; });
    return out;
  }

  static std::vector<Found> found_in(Sink& sink) {
    std::vector<Found> out;
    sink.scan([&](const Found& each) { out.push_back(each); });
    return out;
  }

  static ErrorClass error_of(const std::function<void()>& action) {
    try {
      action();
    } catch (const Error& error) {
      return error.error_class();
    }
    return ErrorClass{0};
  }

  TempDir dir;
  PlainFs posix;
  UnsyncedFs files{posix};
  fs::path root = dir / "root";
  TestHost host{files};
};

}  // namespace mailpipe::test
