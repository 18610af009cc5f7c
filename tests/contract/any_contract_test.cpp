#include "eml_sink.hpp"
#include "maildir_sink.hpp"
#include "window_filter.hpp"

#include <mailpipe/testing/any_filter_contract.hpp>
#include <mailpipe/testing/any_sink_contract.hpp>

namespace mailpipe::test {
namespace {

template <class Made>
AnySinkCase sink_case(std::set<std::string> capabilities) {
  return {.name = "",
          .make =
              [](Host& host, const std::filesystem::path& root) {
                const nlohmann::json options{
                    {"path", root.string()}, {"sync", "auto"}, {"layout", "verbatim"}};
                return std::make_shared<Made>(Options(options.dump()), host);
              },
          .capabilities = std::move(capabilities)};
}

INSTANTIATE_TEST_SUITE_P(Eml, AnySinkContract,
                         testing::ValuesIn(sink_tests(sink_case<eml::EmlSink>({"read", "remove",
                                                                               "scan"}))),
                         name_of_check);

INSTANTIATE_TEST_SUITE_P(Maildir, AnySinkContract,
                         testing::ValuesIn(sink_tests(sink_case<maildir::MaildirSink>(
                             {"link", "mailboxes", "places", "read", "remove", "scan", "update"}))),
                         name_of_check);

INSTANTIATE_TEST_SUITE_P(
    Window, AnyFilterContract,
    testing::ValuesIn(filter_tests({.name = "",
                                    .make =
                                        [](Host& host) {
                                          return std::make_shared<window::WindowFilter>(
                                              Options(R"({"delay":3600,"first_run":86400})"), host);
                                        },
                                    .messages = odd_messages()})),
    name_of_check);

}  // namespace
}  // namespace mailpipe::test
