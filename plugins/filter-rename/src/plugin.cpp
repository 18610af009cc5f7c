#include "rename_filter.hpp"

#include <mailpipe/plugin.hpp>

MAILPIPE_PLUGIN(mailpipe::component<mailpipe::rename::RenameFilter>("rename"));
