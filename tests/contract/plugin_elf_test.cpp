#include "contract/plugin_files.hpp"
#include "plugin/elf_section.hpp"
#include "plugin/manifest.hpp"
#include "plugin/refused.hpp"

#include <elf.h>
#include <gtest/gtest.h>

#include <random>

namespace mailpipe::plugin {
namespace {

template <class Call>
std::string refusal_by(const Call& call) {
  try {
    call();
    return "";
  } catch (const Refused& why) {
    return why.what();
  }
}

std::string refusal(const std::string& octets) {
  return refusal_by(
      [&] { parse_manifest(parse_tag(read_section(image_of(octets), ".mailpipe"))); });
}

test::PluginFile good() {
  return test::PluginFile("test-good");
}

TEST(ElfSection, FindsTheManifestOfAPlugin) {
  EXPECT_EQ(refusal(good().octets()), "");
}

TEST(ElfSection, RefusesAnEmptyFile) {
  EXPECT_NE(refusal("").find("not an ELF file"), std::string::npos);
}

TEST(ElfSection, RefusesAFileOfAnotherMachine) {
  auto file = good();
  file.set(offsetof(Elf64_Ehdr, e_machine), std::string("\x28\x00", 2));  // 32-bit ARM
  EXPECT_NE(refusal(file.octets()).find("another kind of machine"), std::string::npos);
}

TEST(ElfSection, RefusesA32BitFile) {
  auto file = good();
  file.set(EI_CLASS, "\x01");
  EXPECT_NE(refusal(file.octets()).find("another kind of machine"), std::string::npos);
}

TEST(ElfSection, RefusesAProgram) {
  auto file = good();
  file.set(offsetof(Elf64_Ehdr, e_type), std::string("\x02\x00", 2));
  EXPECT_NE(refusal(file.octets()).find("a program"), std::string::npos);
}

TEST(ElfSection, RefusesAFileWithoutAManifest) {
  auto file = good();
  file.replace_everywhere(std::string("\0.mailpipe\0", 11), std::string("\0.nailpipe\0", 11));
  EXPECT_NE(refusal(file.octets()).find("not a mailpipe plugin"), std::string::npos);
}

TEST(ElfSection, RefusesAFileCutAnywhere) {
  const auto file = good();
  for (std::size_t size = 0; size < file.size(); size += 1 + size / 16) {
    EXPECT_NE(refusal(file.octets().substr(0, size)), "") << size;
  }
}

/// Sets some octets of the header and of the table of sections, which the linker puts last.
std::string damaged(std::string octets, std::mt19937& random) {
  for (int change = 0; change < 8; ++change) {
    const std::size_t header = random() % sizeof(Elf64_Ehdr);
    const std::size_t table = octets.size() - 1 - random() % 4096;
    octets[change % 2 == 0 ? header : table] = static_cast<char>(random());
  }
  return octets;
}

TEST(ElfSection, SurvivesRandomOctetsInItsTables) {
  const std::string octets = good().octets();
  std::mt19937 random(1);  // NOLINT(cert-msc51-cpp): the same octets in every run
  for (int round = 0; round < 2000; ++round) {
    refusal(damaged(octets, random));
  }
}

TEST(Manifest, RefusesJsonThatIsDamaged) {
  auto file = good();
  file.replace_in_manifest("\"components\"", "\"components'");
  EXPECT_NE(refusal(file.octets()).find("no JSON object"), std::string::npos);
}

TEST(Manifest, RefusesAnIdThatDiffersFromTheTag) {
  auto file = good();
  file.replace_in_manifest("test.good", "test.evil");
  EXPECT_NE(refusal(file.octets()).find("differ in id"), std::string::npos);
}

TEST(Manifest, RefusesAnUnknownKind) {
  auto file = good();
  file.replace_in_manifest("\"filter\"", "\"fitter\"");
  EXPECT_NE(refusal(file.octets()).find("unknown kind 'fitter'"), std::string::npos);
}

TEST(Manifest, RefusesASizeBeyondTheSection) {
  auto file = good();
  file.set_tag(offsetof(mp_tag, manifest_size), std::uint32_t{1} << 19U);
  EXPECT_NE(refusal(file.octets()).find("cut short"), std::string::npos);
}

TEST(Manifest, RefusesDeepNesting) {
  Tag tag{0, 1, "a", "1", "", std::string(100000, '[')};
  EXPECT_THROW(parse_manifest(tag), Refused);
}

std::string refusal_of_schema(const std::string& schema) {
  Tag tag{0,   1,  "a",
          "1", "", R"({"id":"a","version":"1","components":[{"kind":"sink","type":"t","schema":)"};
  tag.manifest.append(schema).append("}]}");
  return refusal_by([&] { parse_manifest(tag); });
}

// What was to be secret would be printed.
TEST(Manifest, RefusesASecretThatIsNeitherTrueNorFalse) {
  const std::string in_a_branch =
      R"({"oneOf":[{"properties":{"token":{"type":"string","x-mp-secret":"true"}}}]})";
  EXPECT_NE(refusal_of_schema(in_a_branch).find("neither true nor false"), std::string::npos);
  EXPECT_EQ(refusal_of_schema(R"({"properties":{"token":{"x-mp-secret":true}}})"), "");
  EXPECT_EQ(refusal_of_schema(R"({"properties":{"x-mp-secret":{"type":"string"}}})"), "");
}

TEST(Manifest, RefusesAnIdThatIsAPath) {
  auto file = good();
  file.set_tag(offsetof(mp_tag, id), std::array<char, 5>{'.', '.', '/', 'x', '\0'});
  EXPECT_NE(refusal(file.octets()).find("characters that an id cannot have"), std::string::npos);
}

}  // namespace
}  // namespace mailpipe::plugin
