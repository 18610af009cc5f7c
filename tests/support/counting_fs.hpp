#pragma once

#include <mailpipe/testing/counting_fs.hpp>
