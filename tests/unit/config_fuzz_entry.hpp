#pragma once

#include <cstddef>
#include <cstdint>

/// libFuzzer's entry: any octets are a pipeline file. Nothing but a crash, a hang or a sanitizer's report is a failure.
extern "C" int mailpipe_fuzz_config(const std::uint8_t* data, std::size_t size);
