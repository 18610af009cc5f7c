#pragma once

#include "mbox_sink.hpp"

#include <memory>

namespace mailpipe::mbox {

struct MboxSink::Locked {
  BoxFiles::Place place;
  File file;
  FileInfo info;
  std::unique_ptr<BoxLock> lock;  // last: it uses the others
};

}  // namespace mailpipe::mbox
