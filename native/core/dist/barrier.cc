#include "core/dist/barrier.h"

#include <chrono>

namespace simclr {
namespace {

/// About what it takes to fall asleep and be woken.
constexpr std::chrono::microseconds kWatch{50};

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

}  // namespace

uint64_t Barrier::arrive() {
  const std::lock_guard lock(mutex_);
  if (aborted_) throw PeerFailed();
  const uint64_t meeting = meetings();
  if (++arrived_ == parties_) {
    arrived_ = 0;
    meetings_.store(meeting + 1, std::memory_order_release);
    released_.notify_all();
  }
  return meeting;
}

void Barrier::wait(uint64_t meeting) {
  const auto until = std::chrono::steady_clock::now() + kWatch;
  while (std::chrono::steady_clock::now() < until) {
    if (meetings() != meeting) return;
    pause();
  }
  std::unique_lock lock(mutex_);
  released_.wait(lock, [&] { return aborted_ || meetings() != meeting; });
  if (meetings() == meeting) throw PeerFailed();
}

void Barrier::abort() {
  std::lock_guard lock(mutex_);
  aborted_ = true;
  released_.notify_all();
}

void Barrier::reset() {
  std::lock_guard lock(mutex_);
  aborted_ = false;
  arrived_ = 0;
}

}  // namespace simclr
