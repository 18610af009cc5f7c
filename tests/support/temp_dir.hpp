#pragma once

#include <mailpipe/testing/temp_dir.hpp>
