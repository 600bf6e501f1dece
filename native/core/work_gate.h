// Native work under way, and the door that closes before a process exits: static objects (LibTorch's among
// them) are destroyed in exit(), and a thread that still computes then crashes.
#pragma once

#include <condition_variable>
#include <mutex>

namespace simclr {

class WorkGate {
 public:
  /// The process's gate. Never destroyed: threads may ask it until the very end.
  static WorkGate& instance() {
    static auto* gate = new WorkGate();
    return *gate;
  }

  /// Before work; false if the process is exiting, and then the work must not begin.
  bool enter() {
    std::lock_guard lock(mutex_);
    if (closed_) return false;
    ++working_;
    return true;
  }

  /// After work that has entered.
  void leave() {
    std::lock_guard lock(mutex_);
    --working_;
    left_.notify_all();
  }

  /// Lets no more work begin and waits until none is under way.
  void close() {
    std::unique_lock lock(mutex_);
    closed_ = true;
    left_.wait(lock, [this] { return working_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable left_;
  int working_ = 0;
  bool closed_ = false;
};

}  // namespace simclr
