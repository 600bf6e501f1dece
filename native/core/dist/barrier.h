// Where the shards of a process wait for each other.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>

#include "core/error.h"

namespace simclr {

/// What a waiting shard throws when another one failed: an echo, never the cause.
struct PeerFailed : Error {
  PeerFailed() : Error("ERR_SIMCLR_NATIVE", "another shard of this step failed") {}
};

/// A barrier that sleeps, after watching for as long as falling asleep and waking take: on a shared machine
/// one that goes on spinning costs a scheduler's time slice whenever a core is taken away
/// (docs/performance.md). `abort` releases everybody with an error, so that one shard's failure cannot leave
/// the others waiting.
class Barrier {
 public:
  explicit Barrier(int parties) : parties_(parties) {}
  /// Says that this party has come; returns the meeting that it has come to. It computes on, and may `wait`
  /// for the others when it needs them; it must before it arrives again.
  uint64_t arrive();
  void wait(uint64_t meeting);
  void abort();
  void reset();
  /// How often everybody has met, which is the number of the meeting that a party has yet to come to.
  uint64_t meetings() const { return meetings_.load(std::memory_order_acquire); }

 private:
  const int parties_;
  int arrived_ = 0;
  std::atomic<uint64_t> meetings_ = 0;
  bool aborted_ = false;
  std::mutex mutex_;
  std::condition_variable released_;
};

}  // namespace simclr
