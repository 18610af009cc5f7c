#include "instance.hpp"

#include "loader.hpp"

#include <mailpipe/detail/views.hpp>

namespace mailpipe::plugin {

Instance::Instance(const Candidate& candidate, config::Kind kind, std::string_view type,
                   std::string_view options, Host& host)
    : id_(candidate.tag ? candidate.tag->id : std::string()),
      version_(candidate.tag ? candidate.tag->version : std::string()),
      component_(component_of(candidate, kind, type)),
      host_(host) {
  call("create", [&](mp_error* error) {
    return component_.create(host_.get(), detail::view(options), &self_, error);
  });
}

Instance::~Instance() {
  component_.destroy(self_);
}

void Instance::breach(const char* slot, const std::string& what) const {
  throw named(Error(ErrorClass::Internal, std::string("'") + slot + "' " + what));
}

void Instance::check(const char* slot, mp_status status, const mp_error& error) const {
  if (status == MP_OK) {
    return;
  }
  const bool known =
      (status <= MP_E_TRANSIENT && status >= MP_E_NO_SPACE) || status == MP_E_INTERNAL;
  if (!known) {
    breach(slot, "returned the unknown status " + std::to_string(status));
  }
  throw named(detail::to_error(status, error));
}

Error Instance::named(Error error) const {
  Error out = std::move(error);
  if (out.error_class() == ErrorClass::Internal) {
    Error bug(ErrorClass::Internal, "plugin '" + id_ + "' " + version_ + ": " + out.what(),
              out.hint().empty() ? "this is a bug in the plugin: tell its author" : out.hint());
    for (const auto& [name, value] : out.details()) {
      bug.detail(name, value);
    }
    out = std::move(bug);
  }
  out.detail("plugin", id_).detail("plugin_version", version_);
  return out;
}

}  // namespace mailpipe::plugin
