#define BOOST_DLL_USE_STD_FS
#include "loader.hpp"

#include "tables_check.hpp"

#include <boost/dll/shared_library.hpp>
#include <dlfcn.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <map>
#include <system_error>

namespace mailpipe::plugin {

namespace {

struct Loaded {
  boost::dll::shared_library library;
  const mp_plugin* plugin = nullptr;
};

/// Leaked on purpose: see load().
std::map<std::string, Loaded>& registry() {
  static auto* loaded =
      new std::map<std::string, Loaded>;  // NOLINT(cppcoreguidelines-owning-memory)
  return *loaded;
}

/// What the dynamic linker said, without the path that stands in the message anyway.
Refused failure(const Candidate& candidate, const std::exception& why) {
  std::string text = why.what();
  const std::string path = candidate.path.string() + ": ";
  if (const std::size_t at = text.rfind(path); at != std::string::npos) {
    text.erase(0, at + path.size());
  }
  const bool undefined = text.find("undefined symbol") != std::string::npos;
  return {kLoadFailed, "the dynamic linker refuses it: " + text,
          undefined ? "it was linked against other libraries than this machine has; build it again "
                      "here, with -Wl,--no-undefined"
                    : "ldd '" + candidate.path.string() + "' shows what is missing"};
}

boost::dll::shared_library open_library(const Candidate& candidate) {
  // rtld_now: a lazily bound library with a missing function would load, and die in the middle of a
  // run. The overload without an error_code is the one that tells what the linker said.
  try {
    return boost::dll::shared_library(
        candidate.path.native(),
        boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local);
  } catch (const std::exception& why) {
    throw failure(candidate, why);
  }
}

/// That an address lies in this very file and not in one that was put in its place, or in a library
/// that it pulled in.
void check_origin(const Candidate& candidate, const void* address, const char* what) {
  Dl_info info{};

  struct stat status {};

  if (::dladdr(address, &info) == 0 || info.dli_fname == nullptr ||
      ::stat(info.dli_fname, &status) != 0 ||
      candidate.file != FileId{status.st_dev, status.st_ino}) {
    throw Refused(kTablesDiffer, std::string("its ") + what + " lies in another file");
  }
}

const mp_plugin* enter(const Candidate& candidate, const boost::dll::shared_library& library) {
  using Entry = const mp_plugin*() noexcept;
  if (!library.has(MP_ENTRY_NAME)) {
    throw Refused(kTablesDiffer, "it does not export " MP_ENTRY_NAME);
  }
  Entry& entry = library.get<Entry>(MP_ENTRY_NAME);
  check_origin(candidate, reinterpret_cast<const void*>(&entry), "entry point");
  const mp_plugin* plugin = entry();
  if (plugin == nullptr) {
    throw Refused(kTablesDiffer, "its entry point returned nothing");
  }
  return plugin;
}

/// How large the descriptor was in the first minor of this major. Never grows.
constexpr std::size_t kPluginFloor = offsetof(mp_plugin, components) + sizeof(void*);

/// The descriptor in memory against the tag that was read from the file.
void check_descriptor(const Candidate& candidate, const mp_plugin& plugin) {
  if (plugin.struct_size < kPluginFloor || plugin.components == nullptr || plugin.tag == nullptr) {
    throw Refused(kTablesDiffer, "its descriptor is incomplete");
  }
  check_origin(candidate, plugin.tag, "tag");
  const Tag& tag = *candidate.tag;
  if (plugin.abi_major != tag.abi_major || plugin.abi_minor != tag.abi_minor ||
      std::string_view(plugin.tag->id, ::strnlen(plugin.tag->id, sizeof plugin.tag->id)) !=
          tag.id ||
      std::string_view(plugin.tag->version,
                       ::strnlen(plugin.tag->version, sizeof plugin.tag->version)) != tag.version) {
    throw Refused(kTablesDiffer, "its descriptor differs from its tag in id, version or ABI");
  }
}

}  // namespace

const mp_plugin& load(const Candidate& candidate) {
  if (candidate.refused) {
    throw *candidate.refused;
  }
  const auto known = registry().find(candidate.path.native());
  if (known != registry().end()) {
    return *known->second.plugin;
  }
  if (check_location(candidate.path) != candidate.file) {
    throw Refused(kBadLocation, "it was replaced while it was checked");
  }
  // Into the registry before the first look at it: refusing what was loaded must not unload it.
  static auto* refused =
      new std::vector<boost::dll::shared_library>;  // NOLINT(cppcoreguidelines-owning-memory)
  boost::dll::shared_library library = open_library(candidate);
  refused->push_back(library);
  const mp_plugin* plugin = enter(candidate, library);
  check_descriptor(candidate, *plugin);
  check_tables(*candidate.manifest, *plugin);
  registry().emplace(candidate.path.native(), Loaded{std::move(library), plugin});
  refused->pop_back();
  return *plugin;
}

const mp_component& component_of(const Candidate& candidate, config::Kind kind,
                                 std::string_view type) {
  return find_component(load(candidate), kind, type);
}

}  // namespace mailpipe::plugin
