#include "elf_section.hpp"

#include "refused.hpp"

#include <elf.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstring>
#include <vector>

namespace mailpipe::plugin {

namespace {

#if defined(__x86_64__)
constexpr Elf64_Half kMachine = EM_X86_64;
constexpr char kMachineName[] = "x86_64";
#elif defined(__aarch64__)
constexpr Elf64_Half kMachine = EM_AARCH64;
constexpr char kMachineName[] = "aarch64";
#elif defined(__riscv) && __riscv_xlen == 64
constexpr Elf64_Half kMachine = EM_RISCV;
constexpr char kMachineName[] = "riscv64";
#else
#error "add this machine to elf_section.cpp"
#endif

constexpr unsigned char kData =
    std::endian::native == std::endian::little ? ELFDATA2LSB : ELFDATA2MSB;
constexpr std::uint64_t kMaxNames = 1U << 20U;
constexpr std::uint64_t kMaxSection = 2U << 20U;
constexpr Elf64_Half kMaxSections = 4096;

[[noreturn]] void refuse(const std::string& why) {
  throw Refused(kNotALibrary, "not a shared library for " + std::string(kMachineName) + ": " + why);
}

std::string octets_at(const Image& image, std::uint64_t offset, std::uint64_t count) {
  if (offset > image.size || count > image.size - offset) {
    refuse("the file is cut short");
  }
  std::string out(static_cast<std::size_t>(count), '\0');
  if (!image.read(offset, out.data(), out.size())) {
    refuse("the file cannot be read");
  }
  return out;
}

template <class T>
T value_at(const Image& image, std::uint64_t offset) {
  const std::string octets = octets_at(image, offset, sizeof(T));
  T value{};
  std::memcpy(&value, octets.data(), sizeof value);
  return value;
}

Elf64_Ehdr read_header(const Image& image) {
  if (image.size < SELFMAG || octets_at(image, 0, SELFMAG) != std::string(ELFMAG, SELFMAG)) {
    refuse("not an ELF file");
  }
  const auto header = value_at<Elf64_Ehdr>(image, 0);
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != kData ||
      header.e_machine != kMachine) {
    refuse("built for another kind of machine");
  }
  if (header.e_type != ET_DYN) {
    refuse("an object file or a program");
  }
  if (header.e_shnum == 0 || header.e_shnum > kMaxSections ||
      header.e_shentsize != sizeof(Elf64_Shdr) || header.e_shstrndx >= header.e_shnum) {
    refuse("its table of sections is missing or damaged");
  }
  return header;
}

std::vector<Elf64_Shdr> read_sections(const Image& image, const Elf64_Ehdr& header) {
  std::vector<Elf64_Shdr> sections(header.e_shnum);
  const std::string table = octets_at(image, header.e_shoff, sections.size() * sizeof(Elf64_Shdr));
  std::memcpy(sections.data(), table.data(), table.size());
  return sections;
}

std::string content(const Image& image, const Elf64_Shdr& section, std::uint64_t limit) {
  if (section.sh_type == SHT_NOBITS || section.sh_size > limit) {
    refuse("a section is empty or too large");
  }
  return octets_at(image, section.sh_offset, section.sh_size);
}

}  // namespace

Image image_of(std::string_view octets) {
  return {octets.size(), [octets](std::uint64_t offset, char* out, std::size_t count) {
            std::memcpy(out, octets.data() + offset, count);
            return true;
          }};
}

Image image_of(int fd, std::uint64_t size) {
  return {size, [fd](std::uint64_t offset, char* out, std::size_t count) {
            while (count > 0) {
              const ssize_t n = ::pread(fd, out, count, static_cast<off_t>(offset));
              if (n < 0 && errno == EINTR) {
                continue;
              }
              if (n <= 0) {
                return false;
              }
              out += n;
              offset += static_cast<std::uint64_t>(n);
              count -= static_cast<std::size_t>(n);
            }
            return true;
          }};
}

std::string read_section(const Image& image, std::string_view name) {
  const Elf64_Ehdr header = read_header(image);
  const std::vector<Elf64_Shdr> sections = read_sections(image, header);
  const std::string names = content(image, sections[header.e_shstrndx], kMaxNames);
  for (const Elf64_Shdr& section : sections) {
    if (section.sh_name >= names.size()) {
      continue;
    }
    const std::size_t length =
        ::strnlen(names.data() + section.sh_name, names.size() - section.sh_name);
    if (std::string_view(names.data() + section.sh_name, length) == name) {
      return content(image, section, kMaxSection);
    }
  }
  throw Refused(kBadManifest, "it has no manifest: not a mailpipe plugin",
                "plugins are built with mailpipe_add_plugin()");
}

}  // namespace mailpipe::plugin
