#pragma once

#include <string>
#include <vector>

namespace mailpipe::testing {

/// Those of the commands, as a server logged them, that may change something there: whatever is not known to be harmless.
/// EXAMINE, not SELECT; no FETCH of a body without PEEK; no CLOSE.
std::vector<std::string> commands_that_may_change(const std::vector<std::string>& commands);

}  // namespace mailpipe::testing
