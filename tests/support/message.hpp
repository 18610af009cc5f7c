#pragma once

#if __has_include("file_digest.hpp")
#include "file_digest.hpp"
#endif

#include <mailpipe/testing/message.hpp>
