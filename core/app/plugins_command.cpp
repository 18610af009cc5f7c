#include "command.hpp"
#include "plugin/catalog.hpp"
#include "plugin/loader.hpp"
#include "plugin/search_path.hpp"
#include "run/exit_code.hpp"

#include <mailpipe/printable.hpp>

#include <nlohmann/json.hpp>

#include <iostream>

namespace mailpipe::app {

namespace {

using plugin::Candidate;

std::string abi_of(const plugin::Tag& tag) {
  return std::to_string(tag.abi_major) + "." + std::to_string(tag.abi_minor);
}

std::string components_of(const plugin::Manifest& manifest) {
  std::string out;
  for (const config::ComponentInfo& info : manifest.components) {
    out += (out.empty() ? "" : ", ") + std::string(config::name_of(info.kind)) + " " + info.type;
  }
  return out;
}

void print(const Candidate& candidate) {
  std::string line;
  if (candidate.tag) {
    line = candidate.tag->id + " " + candidate.tag->version + "  ABI " + abi_of(*candidate.tag);
  } else {
    line = candidate.path.filename().string();
  }
  if (candidate.manifest) {
    line += "  " + components_of(*candidate.manifest);
  }
  std::cout << printable(line) << (candidate.refused ? "  REFUSED" : "") << "\n    "
            << printable(candidate.path.string()) << "\n";
  if (candidate.manifest && !candidate.manifest->summary.empty()) {
    std::cout << "    " << printable(candidate.manifest->summary) << "\n";
  }
  if (candidate.refused) {
    std::cout << "    " << candidate.refused->code() << ": " << printable(candidate.refused->what())
              << "\n";
    if (!candidate.refused->hint().empty()) {
      std::cout << "    help: " << printable(candidate.refused->hint()) << "\n";
    }
  }
}

nlohmann::json to_json(const Candidate& candidate) {
  nlohmann::json out{{"path", printable(candidate.path.string())}, {"usable", !candidate.refused}};
  if (candidate.tag) {
    out["id"] = candidate.tag->id;
    out["version"] = candidate.tag->version;
    out["abi"] = abi_of(*candidate.tag);
    out["toolchain"] = printable(candidate.tag->toolchain);
  }
  out["components"] = nlohmann::json::array();
  if (candidate.manifest) {
    for (const config::ComponentInfo& info : candidate.manifest->components) {
      out["components"].push_back({{"kind", config::name_of(info.kind)},
                                   {"type", info.type},
                                   {"summary", printable(info.summary)},
                                   {"capabilities", info.capabilities}});
    }
  }
  if (candidate.refused) {
    out["refused"] = {{"code", candidate.refused->code()},
                      {"message", printable(candidate.refused->what())},
                      {"help", printable(candidate.refused->hint())}};
  }
  return out;
}

void print_human(const plugin::Catalog& catalog, const std::vector<std::filesystem::path>& path) {
  for (const Candidate& candidate : catalog.candidates()) {
    print(candidate);
  }
  std::cout << (catalog.candidates().empty() ? "no plugins found\n\n" : "\n") << "looked in:\n";
  for (const std::filesystem::path& folder : path) {
    std::cout << "    " << printable(folder.string())
              << (std::filesystem::is_directory(folder) ? "" : "  (not there)") << "\n";
  }
}

int run(const Arguments& arguments) {
  const auto path = plugin::search_path(arguments.values("plugin-dir"));
  const plugin::Catalog catalog(path);
  if (arguments.value("format") == "json") {
    nlohmann::json out{{"plugins", nlohmann::json::array()}, {"searched", nlohmann::json::array()}};
    for (const Candidate& candidate : catalog.candidates()) {
      out["plugins"].push_back(to_json(candidate));
    }
    for (const std::filesystem::path& folder : path) {
      out["searched"].push_back(printable(folder.string()));
    }
    std::cout << out.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
  } else {
    print_human(catalog, path);
  }
  return run::kOk;
}

}  // namespace

Command plugins_command() {
  Command command{"plugins", "", "Lists the plugins that are there, and why some are not used",
                  "",        {}, run};
  command.text =
      "No code of a plugin runs: everything is read from its file. Plugins are looked for in\n"
      "--plugin-dir, the folders of MAILPIPE_PLUGIN_PATH, lib/mailpipe/plugins beside the "
      "program,\n"
      "~/.local/lib/mailpipe/plugins, /usr/local/lib/mailpipe/plugins and "
      "/usr/lib/mailpipe/plugins.\n";
  command.options.choice("format", {"human", "json"}, "how to print")
      .values("plugin-dir", "DIR", "look here too");
  return command;
}

}  // namespace mailpipe::app
