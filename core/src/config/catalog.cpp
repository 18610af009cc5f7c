#include "config/catalog.hpp"

namespace mailpipe::config {

std::string_view name_of(Kind kind) noexcept {
  switch (kind) {
    case Kind::Source:
      return "source";
    case Kind::Filter:
      return "filter";
    case Kind::Sink:
      return "sink";
  }
  return "component";
}

}  // namespace mailpipe::config
