// Values that several owners shall not share, from a source that hands out a few in turn, again and again.
// Plain C++: tested without a GPU.
#pragma once

#include <algorithm>
#include <mutex>
#include <optional>
#include <vector>

namespace simclr::cuda {

template <class Value>
class Exclusive {
 public:
  /// The first of `next()` that nobody has; nothing where `count` in a row are taken.
  template <class Next>
  std::optional<Value> take(const Next& next, int count) {
    const std::lock_guard lock(mutex_);
    for (int i = 0; i < count; ++i) {
      const Value value = next();
      if (std::find(taken_.begin(), taken_.end(), value) != taken_.end()) continue;
      taken_.push_back(value);
      return value;
    }
    return std::nullopt;
  }

  void give_back(const Value& value) {
    const std::lock_guard lock(mutex_);
    std::erase(taken_, value);
  }

 private:
  std::mutex mutex_;
  std::vector<Value> taken_;
};

}  // namespace simclr::cuda
