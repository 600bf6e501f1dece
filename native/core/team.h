// Whoever works on something at once, without the work knowing what threads they are.
#pragma once

#include <ATen/Parallel.h>

#include <cstdint>
#include <functional>

namespace simclr {

struct Team {
  int size;
  /// Calls work(member) for each of `size` members at once and waits for all.
  std::function<void(const std::function<void(int member)>& work)> run;
};

/// LibTorch's own threads.
inline Team torch_threads() {
  const int size = at::get_num_threads();
  return {size, [size](const std::function<void(int)>& work) {
            at::parallel_for(0, size, 1, [&](int64_t begin, int64_t end) {
              for (int64_t member = begin; member < end; ++member) work(static_cast<int>(member));
            });
          }};
}

/// Who of a team takes what begins `before` of `total` values on.
inline int taker(int64_t before, int64_t total, int size) {
  return static_cast<int>(before * size / (total > 0 ? total : 1));
}

}  // namespace simclr
