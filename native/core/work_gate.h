// Native work under way, and the door that closes before a process exits: static objects (LibTorch's among
// them) are destroyed in exit(), and a thread that still computes then crashes.
#pragma once

#include <stdlib.h>
#include <unistd.h>

#include <cstdio>
#include <mutex>

namespace simclr {

class WorkGate {
 public:
  /// The process's gate. Never destroyed: threads may ask it until the very end.
  static WorkGate& instance() {
    static auto* gate = new WorkGate();
    return *gate;
  }

  /// Does `work`, which must not throw; false, without doing it, if the process is exiting.
  template <class Work>
  bool run(const Work& work) {
    {
      std::lock_guard lock(mutex_);
      if (closed_) return false;
      ++working_;
    }
    work();
    std::lock_guard lock(mutex_);
    --working_;
    return true;
  }

  /// Lets no more work begin. Nobody waits for what is under way, which may take hours (a batch, a rank that
  /// does not come): if there is any when the process exits, it ends before anything is destroyed.
  void close() {
    {
      std::lock_guard lock(mutex_);
      if (closed_) return;
      closed_ = true;
    }
    // Handlers run in reverse: this one before those of all static objects that are there.
    on_exit([](int status, void*) { instance().end_process(status); }, nullptr);
  }

 private:
  void end_process(int status) {
    {
      std::lock_guard lock(mutex_);
      if (working_ == 0) return;
    }
    std::fflush(nullptr);
    _exit(status);
  }

  std::mutex mutex_;
  int working_ = 0;
  bool closed_ = false;
};

}  // namespace simclr
