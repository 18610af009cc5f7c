#pragma once

#include <mailpipe/testing/recording_emitter.hpp>
