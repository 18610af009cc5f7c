#include "imap_source.hpp"

#include <mailpipe/plugin.hpp>

MAILPIPE_PLUGIN(mailpipe::component<mailpipe::imap::ImapSource>("imap"));
