#pragma once

#include <mailpipe/testing/forwarding_fs.hpp>
