#include "filter/header_filter.hpp"
#include "sink/digest_sink.hpp"
#include "source/eml_folder.hpp"

#include <mailpipe/testing/any_filter_contract.hpp>
#include <mailpipe/testing/any_sink_contract.hpp>
#include <mailpipe/testing/source_contract.hpp>

#include <fstream>

namespace mailpipe::test {
namespace {

std::string options(const std::filesystem::path& path) {
  return nlohmann::json{{"path", path.string()}, {"mailbox", "Imported"}}.dump();
}

/// A folder with three messages, for as long as the tests run. Written once: a file written anew is
/// another message to this source.
class Mail {
 public:
  Mail() {
    for (const Message& one : {message("1", "one"), message("2", "two"), message("3", "three")}) {
      std::ofstream(dir_ / (one.item.server_id + ".eml"), std::ios::binary) << one.octets;
    }
  }

  const std::filesystem::path& folder() const { return dir_.path(); }

 private:
  TempDir dir_;
};

const std::filesystem::path& mail() {
  static const Mail once;
  return once.folder();
}

INSTANTIATE_TEST_SUITE_P(EmlFolder, SourceContract,
                         testing::ValuesIn(source_tests({.name = "",
                                                         .make =
                                                             [](Host& host) {
                                                               return std::make_shared<EmlFolder>(
                                                                   Options(options(mail())), host);
                                                             }})),
                         name_of_check);

INSTANTIATE_TEST_SUITE_P(
    Header, AnyFilterContract,
    testing::ValuesIn(filter_tests({.name = "",
                                    .make =
                                        [](Host& host) {
                                          return std::make_shared<HeaderFilter>(
                                              Options(R"({"drop":"Subject"})"), host);
                                        },
                                    .messages = odd_messages()})),
    name_of_check);

INSTANTIATE_TEST_SUITE_P(ByDigest, AnySinkContract,
                         testing::ValuesIn(sink_tests({.name = "",
                                                       .make =
                                                           [](Host& host,
                                                              const std::filesystem::path& root) {
                                                             return std::make_shared<DigestSink>(
                                                                 Options(options(root)), host);
                                                           },
                                                       .capabilities = {"read"}})),
                         name_of_check);

}  // namespace
}  // namespace mailpipe::test
