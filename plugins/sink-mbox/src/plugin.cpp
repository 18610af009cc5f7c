#include "mbox_sink.hpp"

#include <mailpipe/plugin.hpp>

MAILPIPE_PLUGIN(mailpipe::component<mailpipe::mbox::MboxSink>("mbox"));
