#include "config_fuzz_entry.hpp"

#include "config/lint.hpp"
#include "config_test_catalog.hpp"

#include <string_view>

extern "C" int mailpipe_fuzz_config(const std::uint8_t* data, std::size_t size) {
  using namespace mailpipe::config;  // NOLINT(google-build-using-namespace): one function
  static const TestCatalog kCatalog;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const LintResult result = load_pipeline_text(text, "/fuzz/p.yaml", kCatalog);
  for (const Format format : {Format::Human, Format::Json, Format::Github}) {
    render(result.diagnostics, result.sources, format);
  }
  return 0;
}
