#pragma once

#include <mailpipe/testing/fake_queue.hpp>
