#include "maildir_sink.hpp"

#include <mailpipe/plugin.hpp>

MAILPIPE_PLUGIN(mailpipe::component<mailpipe::maildir::MaildirSink>("maildir"));
