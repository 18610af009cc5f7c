#include "maildir_sink.hpp"

#include <mailpipe/testing/sink_contract.hpp>
#include <mailpipe/testing/sink_removal.hpp>

namespace mailpipe::test {
namespace {

std::unique_ptr<Sink> make_maildir(Host& host, const fs::path& root, const std::string& sync,
                                   const std::string& layout) {
  nlohmann::json options{{"path", root.string()}, {"sync", sync}, {"layout", layout}};
  return std::make_unique<maildir::MaildirSink>(Options(options.dump()), host);
}

SinkCase maildir_case(const std::string& name, const std::string& sync, const std::string& layout) {
  const std::string inbox = layout == "verbatim" ? "INBOX/" : "";
  return {name,
          [sync, layout](Host& host, const fs::path& root) {
            return make_maildir(host, root, sync, layout);
          },
          inbox + "tmp", inbox + "cur/old:2,"};
}

INSTANTIATE_TEST_SUITE_P(Maildir, SinkContract,
                         testing::Values(maildir_case("auto", "auto", "verbatim"),
                                         maildir_case("syncfs", "syncfs", "verbatim"),
                                         maildir_case("fdatasync", "fdatasync", "verbatim"),
                                         maildir_case("maildirpp", "auto", "maildir++")),
                         [](const auto& given) { return given.param.name; });

INSTANTIATE_TEST_SUITE_P(Maildir, SinkRemoval,
                         testing::Values(maildir_case("verbatim", "auto", "verbatim"),
                                         maildir_case("maildirpp", "auto", "maildir++")),
                         [](const auto& given) { return given.param.name; });

}  // namespace
}  // namespace mailpipe::test
