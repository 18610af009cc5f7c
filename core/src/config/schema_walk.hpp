#pragma once

#include "config/option_path.hpp"
#include "config/schema_check.hpp"

#include <optional>
#include <string>
#include <vector>

namespace mailpipe::config {

/// The walk of check_mapping() over value and schema side by side.
///
/// Life cycle  One check() for each mapping; secrets() afterwards.
/// Ownership   Borrows everything it is given.
/// Errors      Diagnostics. What check() returns is meaningless if it added an error.
class SchemaWalk {
 public:
  SchemaWalk(const CheckScope& scope, const nlohmann::json& root, Findings& findings,
             Sources& sources)
      : scope_(scope),
        root_(root),
        findings_(findings),
        sources_(sources) {}

  nlohmann::json check(const Node& node, const nlohmann::json& schema, const OptionPath& path,
                       const Mark& where);

  std::vector<SecretReference> take_secrets() { return std::move(secrets_); }

 private:
  using Json = nlohmann::json;

  const Json& follow(const Json& schema) const;
  std::string subject(const OptionPath& path) const;

  Json check_secret(const Node& node, const OptionPath& path, const Mark& where);
  Json check_plain(const Node& node, const Json& schema, const OptionPath& path, const Mark& where);
  Json check_format(const Node& node, const Json& schema, const OptionPath& path);
  Json check_text_format(const Node& node, const Json& schema, const OptionPath& path);
  Json check_alternatives(const Node& node, const Json& branches, const Json& schema,
                          const OptionPath& path, const Mark& where);
  Json check_map(const Node& node, const Json& schema, const OptionPath& path, const Mark& where);
  Json check_list(const Node& node, const Json& schema, const OptionPath& path);
  Json check_scalar(const Node& node, const Json& schema, const OptionPath& path);

  const Json* schema_of(const std::string& key, const Json& schema) const;
  std::string report_unknown(const Entry& entry, const Json& schema, const OptionPath& path);
  void check_required(const Node& node, const Json& schema, const OptionPath& path,
                      const Mark& where, const std::vector<std::string>& misspelt);
  void check_choice_of_keys(const Node& node, const Json& schema, const OptionPath& path,
                            const Mark& where);
  void fill_defaults(Json& value, const Json& schema, const OptionPath& path, const Mark& where);
  void warn_of_value(const Node& node, const Json& schema, const OptionPath& path);
  void check_range(const Json& value, const Json& schema, const OptionPath& path, const Mark& at);
  void check_length(std::size_t length, const Json& schema, const char* what,
                    const OptionPath& path, const Mark& at);
  void wrong_type(const Node& node, const Json& schema, const OptionPath& path);

  const CheckScope& scope_;
  const Json& root_;
  Findings& findings_;
  Sources& sources_;
  std::vector<SecretReference> secrets_;
};

}  // namespace mailpipe::config
