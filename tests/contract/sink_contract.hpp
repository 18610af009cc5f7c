#pragma once

#if __has_include("fs/posix_fs.hpp")
#include "fs/posix_fs.hpp"
#endif
#if __has_include("file_digest.hpp")
#include "file_digest.hpp"
#endif

#include <mailpipe/testing/sink_contract.hpp>
