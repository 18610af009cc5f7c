#include "dedup_filter.hpp"

#include <mailpipe/plugin.hpp>

MAILPIPE_PLUGIN(mailpipe::component<mailpipe::dedup::DedupFilter>("dedup"));
