#include "digest_sink.hpp"

MAILPIPE_PLUGIN(mailpipe::component<DigestSink>("by-digest"));
