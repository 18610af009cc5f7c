#pragma once

#include <mailpipe/testing/faulty_fs.hpp>
