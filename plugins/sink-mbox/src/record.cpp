#include "record.hpp"

#include "data_sync.hpp"
#include "file_digest.hpp"

#include <mailpipe/error.hpp>

#include <fcntl.h>
#include <nlohmann/json.hpp>

#include <cerrno>

namespace mailpipe::mbox {
namespace {

using Json = nlohmann::json;

/// Octets as JSON: names need not be valid UTF-8, so each is one code point.
std::string to_text(const std::string& octets) {
  std::string out;
  for (const char c : octets) {
    const auto octet = static_cast<unsigned char>(c);
    if (octet < 0x80) {
      out += c;
    } else {
      out += static_cast<char>(0xC0 | (octet >> 6));
      out += static_cast<char>(0x80 | (octet & 0x3F));
    }
  }
  return out;
}

std::string to_octets(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto lead = static_cast<unsigned char>(text[i]);
    if (lead < 0x80 || i + 1 == text.size()) {
      out += text[i];
    } else {
      out += static_cast<char>((lead << 6) | (static_cast<unsigned char>(text[++i]) & 0x3F));
    }
  }
  return out;
}

Json to_json(const BoxAppend& append) {
  Json ranges = Json::array();
  for (const Range& range : append.ranges) {
    ranges.push_back({range.stage, range.offset, range.length,
                      (range.ends.raw ? 1 : 0) + (range.ends.cut ? 2 : 0)});
  }
  Json out{{"box", to_text(append.box)}, {"inode", append.inode}, {"old", append.old_length},
           {"lead", append.lead},        {"ranges", ranges},      {"done", append.done}};
  if (append.rescue) {
    out["rescue"] = {append.rescue->file, append.rescue->from, append.rescue->total};
  }
  return out;
}

BoxAppend append_from(const Json& json) {
  BoxAppend out;
  out.box = to_octets(json.at("box").get<std::string>());
  out.inode = json.at("inode").get<std::uint64_t>();
  out.old_length = json.at("old").get<std::uint64_t>();
  out.lead = json.at("lead").get<std::uint64_t>();
  out.done = json.at("done").get<bool>();
  for (const Json& range : json.at("ranges")) {
    const auto ends = range.at(3).get<unsigned>();
    out.ranges.push_back({.stage = range.at(0).get<std::size_t>(),
                          .offset = range.at(1).get<std::uint64_t>(),
                          .length = range.at(2).get<std::uint64_t>(),
                          .ends = {.raw = (ends & 1U) != 0, .cut = (ends & 2U) != 0}});
  }
  if (json.contains("rescue")) {
    const Json& rescue = json.at("rescue");
    out.rescue = {rescue.at(0).get<std::string>(), rescue.at(1).get<std::uint64_t>(),
                  rescue.at(2).get<std::uint64_t>()};
  }
  return out;
}

Record record_from(const Json& json) {
  Record out;
  for (const auto& [name, note] : json.at("boxes").items()) {
    BoxNote box{{}, note.at("inode").get<std::uint64_t>(), note.at("length").get<std::uint64_t>()};
    for (const Json& component : note.at("path")) {
      box.path.push_back(to_octets(component.get<std::string>()));
    }
    out.boxes.emplace(to_octets(name), std::move(box));
  }
  out.stages = json.at("stages").get<std::vector<std::string>>();
  for (const Json& append : json.at("appends")) {
    out.appends.push_back(append_from(append));
    for (const Range& range : out.appends.back().ranges) {
      static_cast<void>(out.stages.at(range.stage));
    }
  }
  return out;
}

}  // namespace

Record Record::load(Fs& fs, const File& own) {
  const std::string path = own.path() + "/" + kName;
  const int fd = fs.openat(own.fd(), kName, O_RDONLY | O_NOFOLLOW | O_CLOEXEC, 0);
  if (fd == -ENOENT) {
    return {};
  }
  if (fd < 0) {
    throw_errno(fd, "cannot read", path);
  }
  const File file(fs, fd, path);
  std::string text;
  for_each_chunk(fs, file, [&](std::string_view octets) { text += octets; });
  try {
    return record_from(Json::parse(text));
  } catch (const std::exception&) {  // whatever is wrong with it
    throw Error(
        ErrorClass::Permanent, "'" + path + "' cannot be understood",
        "move it away; 'mailpipe state rebuild PIPELINE' takes over what lies in the boxes");
  }
}

void Record::save(Fs& fs, File& own, bool durable) const {
  Json json{{"mailpipe", 1}, {"boxes", Json::object()}, {"stages", stages}};
  for (const auto& [name, note] : boxes) {
    Json path = Json::array();
    for (const std::string& component : note.path) {
      path.push_back(to_text(component));
    }
    json["boxes"][to_text(name)] = {{"path", path}, {"inode", note.inode}, {"length", note.length}};
  }
  json["appends"] = Json::array();
  for (const BoxAppend& append : appends) {
    json["appends"].push_back(to_json(append));
  }
  const std::string temporary = std::string(kName) + ".new";
  const std::string path = own.path() + "/" + temporary;
  const int fd = fs.openat(own.fd(), temporary.c_str(),
                           O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0) {
    throw_errno(fd, "cannot create", path);
  }
  File file(fs, fd, path);
  file.write_all(json.dump() + "\n");
  if (const int synced = fs.fdatasync(file.fd()); synced < 0) {
    throw_sync_failure(synced, path);
  }
  file.close();
  if (const int renamed = fs.rename(own.fd(), temporary.c_str(), own.fd(), kName); renamed < 0) {
    throw_errno(renamed, "cannot rename", path);
  }
  if (const int synced = durable ? fs.fsync(own.fd()) : 0; synced < 0) {
    throw_sync_failure(synced, own.path());
  }
}

}  // namespace mailpipe::mbox
