// Mapped files whose pages cannot be had: an error instead of the process's end.
#pragma once

#include <cstddef>

namespace simclr {

struct GuardedRange;

/// While one stands over mapped memory, a page of it that cannot be had (its file has become shorter, its
/// disk gives no more) reads as zeros instead of raising SIGBUS, and the guard knows. What costs nothing
/// until it happens: the first guard installs a handler for that signal, which passes on every other one. A
/// handler that is installed later has to pass it on likewise, or ends the process as before.
class BusErrorGuard {
 public:
  BusErrorGuard(const void* begin, size_t size);
  BusErrorGuard(const BusErrorGuard&) = delete;
  BusErrorGuard& operator=(const BusErrorGuard&) = delete;
  /// To go before the memory is unmapped.
  ~BusErrorGuard();

  /// Whether zeros were read in place of any page.
  bool tripped() const;

 private:
  GuardedRange& range_;
};

}  // namespace simclr
