#pragma once

#include <mailpipe/plugin.h>
#include <mailpipe/testing/temp_dir.hpp>

#include <cstddef>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

namespace mailpipe::test {

inline std::string read_file(const std::filesystem::path& path) {
  std::ostringstream octets;
  octets << std::ifstream(path, std::ios::binary).rdbuf();
  return octets.str();
}

inline void write_file(const std::filesystem::path& path, std::string_view octets) {
  std::ofstream(path, std::ios::binary) << octets;
}

inline std::filesystem::path test_plugin(const std::string& name) {
  return std::filesystem::path(TEST_PLUGINS) / (name + ".so");
}

/// A copy of a test plugin whose octets a test may change.
class PluginFile {
 public:
  explicit PluginFile(const std::string& name) : octets_(read_file(test_plugin(name))) {}

  template <class T>
  PluginFile& set_tag(std::size_t field, T value) {
    std::memcpy(octets_.data() + tag() + field, &value, sizeof value);
    return *this;
  }

  PluginFile& set(std::size_t at, std::string_view octets) {
    octets_.replace(at, octets.size(), octets);
    return *this;
  }

  /// Replaces the first `from` behind the tag, in the manifest, by a text of the same length.
  PluginFile& replace_in_manifest(std::string_view from, std::string_view to) {
    return set(octets_.find(from, tag() + sizeof(mp_tag)), to);
  }

  PluginFile& replace_everywhere(std::string_view from, std::string_view to) {
    for (std::size_t at = 0; (at = octets_.find(from, at)) != std::string::npos;) {
      set(at, to);
    }
    return *this;
  }

  PluginFile& cut(std::size_t size) {
    octets_.resize(size);
    return *this;
  }

  std::size_t size() const { return octets_.size(); }

  const std::string& octets() const { return octets_; }

  std::filesystem::path save(const std::filesystem::path& path) const {
    write_file(path, octets_);
    std::filesystem::permissions(path, std::filesystem::perms(0644));
    return path;
  }

 private:
  std::size_t tag() const { return octets_.find(std::string("MAILPIPE-PLUGIN\0", 16)); }

  std::string octets_;
};

}  // namespace mailpipe::test
