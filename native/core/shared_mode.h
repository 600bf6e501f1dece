// A setting of the process that several threads have at once as long as they want it the same.
#pragma once

#include <condition_variable>
#include <mutex>

namespace simclr {

class SharedMode {
 public:
  /// Waits until nobody is in the other mode; `set(mode)` is called by the first of those who are in this
  /// one.
  template <class Set>
  void enter(bool mode, const Set& set) {
    std::unique_lock lock(mutex_);
    left_.wait(lock, [&] { return users_ == 0 || mode_ == mode; });
    if (users_ == 0) {
      set(mode);
      mode_ = mode;
    }
    ++users_;
  }

  void leave() {
    const std::lock_guard lock(mutex_);
    if (--users_ == 0) left_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable left_;
  int users_ = 0;
  bool mode_ = false;
};

}  // namespace simclr
