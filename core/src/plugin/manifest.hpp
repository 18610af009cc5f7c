#pragma once

#include "config/catalog.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mailpipe::plugin {

/// What a plugin's tag says (plugin.h, mp_tag); checked for form, not yet for fitting this host.
struct Tag {
  std::uint32_t abi_major = 0, abi_minor = 0;
  std::string id, version, toolchain;
  std::string manifest;  ///< JSON, as it lies in the file
};

struct Manifest {
  std::string license, summary;
  std::vector<config::ComponentInfo> components;
};

/// Reads a tag from the octets of the section ".mailpipe".
/// Errors  Refused(kBadManifest).
Tag parse_tag(std::string_view section);

/// Whether this host can load a plugin of that ABI: the same major, no newer minor.
/// Errors  Refused(kWrongAbi), with the words of a release note.
void check_abi(const Tag& tag);

/// Reads the JSON of a tag. Bounded in depth and size.
/// Errors  Refused(kBadManifest).
Manifest parse_manifest(const Tag& tag);

}  // namespace mailpipe::plugin
