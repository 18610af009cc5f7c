#include "jmap_source.hpp"

#include <mailpipe/plugin.hpp>

MAILPIPE_PLUGIN(mailpipe::component<mailpipe::jmap::JmapSource>("jmap"));
