#include "catalog.hpp"

#include "elf_section.hpp"

#include <mailpipe/printable.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>

namespace mailpipe::plugin {

namespace {

namespace fs = std::filesystem;

class Descriptor {
 public:
  explicit Descriptor(const fs::path& path)
      : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW)) {
    if (fd_ < 0) {
      throw Refused(kBadLocation, std::string("it cannot be read: ") + std::strerror(errno));
    }
  }

  ~Descriptor() { ::close(fd_); }

  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int get() const noexcept { return fd_; }

 private:
  int fd_;
};

std::string section_of(const Candidate& candidate) {
  const Descriptor file(candidate.path);

  struct stat status {};

  if (::fstat(file.get(), &status) != 0 || candidate.file != FileId{status.st_dev, status.st_ino}) {
    throw Refused(kBadLocation, "it was replaced while it was checked");
  }
  return read_section(image_of(file.get(), static_cast<std::uint64_t>(status.st_size)),
                      ".mailpipe");
}

void refuse(Candidate& candidate, Refused why) {
  if (!candidate.refused) {
    candidate.refused.emplace(std::move(why));
  }
}

/// Reads what it can: a plugin of another ABI still has a name and types to be known by.
void learn(Candidate& out) {
  try {
    out.tag = parse_tag(section_of(out));
  } catch (const Refused& why) {
    refuse(out, why);
    return;
  }
  for (const auto step : {+[](Candidate& c) { check_abi(*c.tag); },
                          +[](Candidate& c) { c.manifest = parse_manifest(*c.tag); }}) {
    try {
      step(out);
    } catch (const Refused& why) {
      refuse(out, why);
    }
  }
}

std::string name_of(config::Kind kind, std::string_view type) {
  return std::string(config::name_of(kind)) + " '" + std::string(type) + "'";
}

}  // namespace

Candidate examine(const fs::path& path) {
  Candidate out;
  std::error_code failed;
  out.path = fs::canonical(path, failed);
  if (failed) {
    out.path = path;
    refuse(out, Refused(kBadLocation, "it cannot be read: " + failed.message()));
    return out;
  }
  try {
    out.file = check_location(out.path);
  } catch (const Refused& why) {
    refuse(out, why);  // the manifest of a file that anybody wrote is nobody's word
    return out;
  }
  learn(out);
  return out;
}

Catalog::Catalog(const std::vector<fs::path>& folders) {
  for (const fs::path& folder : folders) {
    collect(folder);
  }
  const auto by_path = [](const Candidate& a, const Candidate& b) { return a.path < b.path; };
  const auto same_path = [](const Candidate& a, const Candidate& b) { return a.path == b.path; };
  std::sort(candidates_.begin(), candidates_.end(), by_path);
  candidates_.erase(std::unique(candidates_.begin(), candidates_.end(), same_path),
                    candidates_.end());
  refuse_equal_ids();
  refuse_equal_types();
  for (std::size_t i = 0; i < candidates_.size(); ++i) {
    if (candidates_[i].refused) {
      continue;
    }
    const std::vector<config::ComponentInfo>& components = candidates_[i].manifest->components;
    for (std::size_t j = 0; j < components.size(); ++j) {
      usable_.emplace(Key(components[j].kind, components[j].type), std::pair(i, j));
    }
  }
}

void Catalog::collect(const fs::path& folder) {
  std::error_code failed;
  for (fs::directory_iterator it(folder, failed), end; !failed && it != end; it.increment(failed)) {
    if (it->path().extension() == ".so") {
      candidates_.push_back(examine(it->path()));
    }
  }
}

void Catalog::refuse_equal_ids() {
  std::map<std::string, std::vector<Candidate*>> by_id;
  for (Candidate& candidate : candidates_) {
    if (candidate.tag && !candidate.refused) {
      by_id[candidate.tag->id].push_back(&candidate);
    }
  }
  for (const auto& [id, all] : by_id) {
    for (Candidate* one : all) {
      const Candidate* other = one == all.front() ? all.back() : all.front();
      if (other != one) {
        refuse(*one, Refused(kDuplicate,
                             "the id '" + id + "' is in two files: '" + one->path.string() +
                                 "' and '" + other->path.string() + "'",
                             "remove one of the two"));
      }
    }
  }
}

void Catalog::refuse_equal_types() {
  std::map<Key, std::vector<Candidate*>> by_type;
  for (Candidate& candidate : candidates_) {
    if (!candidate.refused) {
      for (const config::ComponentInfo& info : candidate.manifest->components) {
        by_type[Key(info.kind, info.type)].push_back(&candidate);
      }
    }
  }
  for (const auto& [key, all] : by_type) {
    for (Candidate* one : all) {
      const Candidate* other = one == all.front() ? all.back() : all.front();
      if (other != one) {
        refuse(*one, Refused(kDuplicate,
                             "two plugins have a " + name_of(key.first, key.second) + ": '" +
                                 one->path.string() + "' and '" + other->path.string() + "'",
                             "remove one of the two"));
      }
    }
  }
}

const config::ComponentInfo* Catalog::find(config::Kind kind, std::string_view type) const {
  const auto found = usable_.find(Key(kind, type));
  if (found == usable_.end()) {
    return nullptr;
  }
  return &candidates_[found->second.first].manifest->components[found->second.second];
}

const Candidate* Catalog::provider(config::Kind kind, std::string_view type) const {
  const auto found = usable_.find(Key(kind, type));
  return found == usable_.end() ? nullptr : &candidates_[found->second.first];
}

std::vector<std::string> Catalog::types(config::Kind kind) const {
  std::vector<std::string> out;
  for (const auto& [key, where] : usable_) {
    if (key.first == kind) {
      out.push_back(key.second);
    }
  }
  return out;
}

std::optional<std::string> Catalog::refused(config::Kind kind, std::string_view type) const {
  if (find(kind, type) != nullptr) {
    return std::nullopt;
  }
  const std::string file_name = std::string(config::name_of(kind)) + "-" + std::string(type);
  for (const Candidate& candidate : candidates_) {
    if (!candidate.refused) {
      continue;
    }
    bool has_type =
        candidate.path.stem() == file_name;  // all there is when the manifest is damaged
    if (candidate.manifest) {
      const auto& all = candidate.manifest->components;
      has_type = std::any_of(all.begin(), all.end(), [&](const config::ComponentInfo& info) {
        return info.kind == kind && info.type == type;
      });
    }
    if (has_type) {
      return candidate.path.string() + ": " + candidate.refused->what();
    }
  }
  return std::nullopt;
}

std::string explain(const Candidate& candidate, const Refused& why) {
  std::string out = "error[" + why.code() + "]: ";
  if (candidate.tag) {
    out += "plugin '" + printable(candidate.tag->id) + "' " + printable(candidate.tag->version);
  } else {
    out += "the file";
  }
  out += " cannot be loaded\n  --> " + printable(candidate.path.string()) + "\n  " +
         printable(why.what()) + "\n";
  if (!why.hint().empty()) {
    out += "  help: " + printable(why.hint()) + "\n";
  }
  return out;
}

}  // namespace mailpipe::plugin
