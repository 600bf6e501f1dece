// How long a rank waits for the others.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>

namespace simclr {

/// A limit to each wait, begun anew by every sign that another rank lives and is at work that takes its time.
/// Thread-safe.
class Patience {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Patience(std::chrono::milliseconds limit) : limit_(limit) {}

  std::chrono::milliseconds limit() const { return limit_; }

  void renew() { renewed_ = Clock::now(); }

  /// When a wait that began at `start` has taken too long, as far as can be told now.
  Clock::time_point deadline(Clock::time_point start) const {
    return std::max(start, renewed_.load()) + limit_;
  }

  bool is_over(Clock::time_point start) const { return Clock::now() > deadline(start); }

 private:
  const std::chrono::milliseconds limit_;
  std::atomic<Clock::time_point> renewed_{Clock::time_point{}};
};

}  // namespace simclr
