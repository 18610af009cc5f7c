#include "plugin/manifest.hpp"

#include "config/lint.hpp"
#include "config/schema.hpp"
#include "fuzz/target.hpp"
#include "plugin/elf_section.hpp"
#include "plugin/refused.hpp"

#include <mailpipe/plugin.h>

#include <algorithm>
#include <cstring>

namespace mailpipe::fuzz {

namespace {

using namespace mailpipe::config;  // NOLINT(google-build-using-namespace): of one file

/// What a hostile plugin says that there is.
class OnePlugin : public Catalog {
 public:
  explicit OnePlugin(std::vector<ComponentInfo> components) : components_(std::move(components)) {}

  const ComponentInfo* find(Kind kind, std::string_view type) const override {
    const auto found = std::find_if(
        components_.begin(), components_.end(),
        [&](const ComponentInfo& one) { return one.kind == kind && one.type == type; });
    return found == components_.end() ? nullptr : &*found;
  }

  std::vector<std::string> types(Kind kind) const override {
    std::vector<std::string> out;
    for (const ComponentInfo& one : components_) {
      if (one.kind == kind) {
        out.push_back(one.type);
      }
    }
    return out;
  }

  std::optional<std::string> refused(Kind /*kind*/, std::string_view /*type*/) const override {
    return std::nullopt;
  }

 private:
  std::vector<ComponentInfo> components_;
};

/// `lint` on a pipeline that uses the plugin.
void use(const std::vector<ComponentInfo>& components) {
  const OnePlugin catalog(components);
  for (const ComponentInfo& one : components) {
    const std::string with = " {type: " + one.type +
                             ", with: {a: 1, b: [x, {c: d}], path: /x, name: '{id}', token: t}}\n";
    const std::string text = one.kind == Kind::Source
                                 ? "source:" + with + "sinks:\n  s: {type: x}\n"
                             : one.kind == Kind::Sink ? "source: {type: x}\nsinks:\n  s:" + with
                                                      : "source: {type: x}\nfilters:\n  -" + with;
    const LintResult result = load_pipeline_text("version: 1\n" + text, "/fuzz/p.yaml", catalog);
    for (const std::string& line :
         split(render(result.diagnostics, result.sources, Format::Human), '\n')) {
      hold(is_printable(line), "what people see of a hostile plugin is printable");
    }
  }
  pipeline_schema(catalog);
}

void section(std::string_view octets) {
  const plugin::Tag tag = plugin::parse_tag(octets);
  hold(is_printable(tag.id) && is_printable(tag.version), "an id and a version are names");
  read([&] { plugin::check_abi(tag); });
  const plugin::Manifest manifest = plugin::parse_manifest(tag);
  hold(!manifest.components.empty(), "a plugin has components");
  use(manifest.components);
}

/// A section around the manifest that the rest is.
std::string around(std::string_view manifest) {
  mp_tag tag{};
  std::memcpy(tag.magic, "MAILPIPE-PLUGIN", sizeof tag.magic);
  tag.tag_size = sizeof tag;
  tag.abi_major = MP_ABI_MAJOR;
  tag.manifest_size = static_cast<std::uint32_t>(manifest.size());
  std::strcpy(tag.id, "p");       // NOLINT: two letters into 64
  std::strcpy(tag.version, "1");  // NOLINT
  std::string out(sizeof tag, '\0');
  std::memcpy(out.data(), &tag, sizeof tag);
  return out.append(manifest);
}

}  // namespace

/// A shared library, a section ".mailpipe", or a manifest: the first octet tells.
void run(std::string_view octets) {
  try {
    if (octets.starts_with("\x7f")) {
      section(plugin::read_section(plugin::image_of(octets), ".mailpipe"));
    } else if (octets.starts_with("MAILPIPE")) {
      section(octets);
    } else {
      section(around(octets));
    }
  } catch (const plugin::Refused& refused) {
    hold_printable(refused);
  }
}

}  // namespace mailpipe::fuzz
