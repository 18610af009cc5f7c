#pragma once

#include <mailpipe/testing/unsynced_fs.hpp>
