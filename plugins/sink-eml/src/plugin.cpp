#include "eml_sink.hpp"

#include <mailpipe/plugin.hpp>

MAILPIPE_PLUGIN(mailpipe::component<mailpipe::eml::EmlSink>("eml"));
