#include "secrets.hpp"

#include "redactor.hpp"

#include <mailpipe/error.hpp>

namespace mailpipe::app {

void Secrets::add(const std::string& component, const config::ComponentSpec& spec) {
  for (const config::SecretReference& reference : spec.secrets) {
    entries_[{component, reference.pointer}].reference = reference;
  }
}

std::string Secrets::get(const std::string& component, std::string_view pointer, bool refresh) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find({component, std::string(pointer)});
  if (found == entries_.end()) {
    throw Error(ErrorClass::Internal, component + " asks for a secret at '" + std::string(pointer) +
                                          "', where none is written");
  }
  Entry& entry = found->second;
  if (!entry.known || refresh) {
    entry.value = entry.reference.resolve();
    entry.known = true;
    Redactor::instance().add(entry.value.reveal());
  }
  return std::string(entry.value.reveal());
}

}  // namespace mailpipe::app
