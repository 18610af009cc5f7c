#include "command.hpp"
#include "config/engine_schema.hpp"
#include "config/suggest.hpp"
#include "option_help.hpp"
#include "plugin/catalog.hpp"
#include "plugin/search_path.hpp"
#include "reference_page.hpp"
#include "run/exit_code.hpp"

#include <mailpipe/error.hpp>
#include <mailpipe/printable.hpp>

#include <nlohmann/json.hpp>

#include <array>
#include <iostream>
#include <string_view>

namespace mailpipe::app {

namespace {

constexpr std::array kKinds = {config::Kind::Source, config::Kind::Filter, config::Kind::Sink};

/// What stands for the engine's own keys where a component type is expected.
constexpr std::string_view kEngine = "pipeline";

/// "jmap" or, where two kinds have one name, "source/jmap".
std::vector<const config::ComponentInfo*> matches(const plugin::Catalog& catalog,
                                                  const std::string& name) {
  std::vector<const config::ComponentInfo*> out;
  for (const config::Kind kind : kKinds) {
    const std::string prefix = std::string(config::name_of(kind)) + "/";
    const bool prefixed = name.rfind(prefix, 0) == 0;
    const auto* info = catalog.find(kind, prefixed ? name.substr(prefix.size()) : name);
    if (info != nullptr) {
      out.push_back(info);
    }
  }
  return out;
}

[[noreturn]] void unknown(const plugin::Catalog& catalog, const std::string& name) {
  std::vector<std::string> types;
  for (const config::Kind kind : kKinds) {
    if (const auto why = catalog.refused(kind, name)) {
      throw plugin::Refused(plugin::kLoadFailed, "the plugin of '" + name + "' is refused: " + *why,
                            "mailpipe plugins");
    }
    const std::vector<std::string> some = catalog.types(kind);
    types.insert(types.end(), some.begin(), some.end());
  }
  const std::string suggestion = config::did_you_mean(name, types);
  throw Error(ErrorClass::Config,
              "no plugin has a component of the type '" + printable(name, 60) + "'" +
                  (suggestion.empty() ? "" : "; " + suggestion),
              "mailpipe plugins lists what is there");
}

nlohmann::json to_json(const config::ComponentInfo& info) {
  return {{"kind", config::name_of(info.kind)},
          {"type", info.type},
          {"summary", printable(info.summary)},
          {"capabilities", info.capabilities},
          {"plugin", info.plugin_id},
          {"version", info.version},
          {"schema", nlohmann::json::parse(info.schema, nullptr, false)}};
}

std::string dumped(const nlohmann::json& json) {
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::string engine(const std::string& format) {
  return format == "json"       ? dumped(config::frame_schema())
         : format == "markdown" ? engine_page()
                                : describe_engine();
}

int run(const Arguments& arguments) {
  if (arguments.operands().size() != 1) {
    throw Error(ErrorClass::Config, "mailpipe inspect: exactly one component type is needed",
                "mailpipe plugins lists what is there");
  }
  const std::string& name = arguments.operands().front();
  const std::string format = arguments.has("json") ? "json" : arguments.value("format");
  if (name == kEngine) {
    std::cout << engine(format);
    return run::kOk;
  }
  const plugin::Catalog catalog(plugin::search_path(arguments.values("plugin-dir")));
  const auto found = matches(catalog, name);
  if (found.empty()) {
    unknown(catalog, name);
  }
  nlohmann::json all = nlohmann::json::array();
  for (const config::ComponentInfo* info : found) {
    if (format == "json") {
      all.push_back(to_json(*info));
    } else {
      std::cout << (format == "markdown" ? reference_page(*info) : describe(*info));
    }
  }
  if (format == "json") {
    std::cout << dumped(all.size() == 1 ? all.front() : all);
  }
  return run::kOk;
}

}  // namespace

Command inspect_command() {
  Command command{"inspect", "TYPE", "Prints the options of a source, filter or sink", "", {}, run};
  command.text =
      "TYPE is what stands behind `type:` in a pipeline; source/TYPE, filter/TYPE or sink/TYPE "
      "where\n"
      "a name is taken twice; `pipeline` for the keys that mailpipe itself reads. Everything "
      "comes\n"
      "from the plugin's manifest; no code of it runs.\n";
  command.options
      .choice("format", {"human", "json", "markdown"},
              "json: the manifest's words, with the JSON Schema; markdown: a reference page")
      .flag("json", "the same as --format json")
      .values("plugin-dir", "DIR", "look for plugins here too");
  return command;
}

}  // namespace mailpipe::app
