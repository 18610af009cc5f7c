// Runs a target over the files of folders: its seeds, and the inputs that once broke something.
#include "fuzz/target.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

namespace {

namespace fs = std::filesystem;

std::vector<fs::path> files_of(const fs::path& path) {
  if (!fs::is_directory(path)) {
    return {path};
  }
  std::vector<fs::path> out;
  for (const auto& entry : fs::directory_iterator(path)) {
    out.push_back(entry.path());
  }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t count = 0;
  for (int i = 1; i < argc; ++i) {
    for (const fs::path& path : files_of(argv[i])) {
      std::ifstream in(path, std::ios::binary);
      if (!in) {
        std::cerr << path << " cannot be read\n";
        return 2;
      }
      std::cout << path.filename().string() << std::endl;  // a crash must leave it told
      mailpipe::fuzz::run(std::string(std::istreambuf_iterator<char>(in), {}));
      ++count;
    }
  }
  std::cout << count << " files\n";
  return count == 0 ? 2 : 0;
}
