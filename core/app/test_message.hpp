#pragma once

#include "config/pipeline.hpp"

#include <mailpipe/item.hpp>

#include <string>

namespace mailpipe::app {

/// A message of a test as a source would list it. `octets`: see octets_of().
Item item_of(const config::TestMessage& message, const std::string& octets);

/// Its octets: those of the file, or a message with the header and body that the test names.
/// Errors  Error(Config) when the file cannot be read.
std::string octets_of(const config::TestMessage& message);

}  // namespace mailpipe::app
