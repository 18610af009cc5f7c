#include "header_filter.hpp"

MAILPIPE_PLUGIN(mailpipe::component<HeaderFilter>("header"));
