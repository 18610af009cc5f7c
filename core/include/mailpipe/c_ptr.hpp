#pragma once

#include <memory>

namespace mailpipe {

/// Deleter that calls the C function `Free`; holds no state, so CPtr is one pointer wide.
template <auto Free>
struct CallFree {
  template <class T>
  void operator()(T* handle) const noexcept {
    Free(handle);
  }
};

/// Owns what a C library handed out. Wrap in the statement that receives the pointer; check for
/// null next.
template <class T, auto Free>
using CPtr = std::unique_ptr<T, CallFree<Free>>;

}  // namespace mailpipe
