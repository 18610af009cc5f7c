#pragma once

#include "config/diagnostic.hpp"

namespace mailpipe::config {

/// Overwrites, in the texts that render() shows, what follows a name that ends in token, password, passphrase or secret
/// on its line, unless it is a reference or variable. For the lines that no schema explains: a key given twice or at the
/// wrong place, text that is not YAML.
void mask_likely_secrets(Sources& sources);

}  // namespace mailpipe::config
