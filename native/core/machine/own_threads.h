// How many of LibTorch's threads work for a thread of ours.
#pragma once

namespace simclr {

/// The calling thread gets the machine's usual number of LibTorch's threads: one a core, or OMP_NUM_THREADS
/// if that is less. A thread that has never asked would get what any other thread set last. The first call
/// must come before any number is set: the addon makes it when it is loaded.
void take_usual_threads();

/// The calling thread has `count` of LibTorch's threads while this lives, what it had before afterwards: one
/// may live inside another's time, as where a shard is the first to ask how fast bf16 is.
class OwnThreads {
 public:
  explicit OwnThreads(int count);
  OwnThreads(const OwnThreads&) = delete;
  OwnThreads& operator=(const OwnThreads&) = delete;
  ~OwnThreads();

 private:
  const int before_;
};

}  // namespace simclr
