#include "eml_folder.hpp"

MAILPIPE_PLUGIN(mailpipe::component<EmlFolder>("eml-folder"));
