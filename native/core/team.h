// Whoever works on something at once, without the work knowing what threads they are.
#pragma once

#include <ATen/Parallel.h>
#include <c10/util/FunctionRef.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace simclr {

struct Team {
  int size;
  /// Calls work(member) for each of `size` members at once and waits for all. References take no memory, as
  /// functions would that hold more than two pointers.
  std::function<void(c10::function_ref<void(int member)> work)> run;
};

/// LibTorch's own threads.
inline Team torch_threads() {
  const int size = at::get_num_threads();
  return {size, [size](c10::function_ref<void(int)> work) {
            at::parallel_for(0, size, 1, [&](int64_t begin, int64_t end) {
              for (int64_t member = begin; member < end; ++member) work(static_cast<int>(member));
            });
          }};
}

/// Calls work(item) for each of `count` items, which are dealt to the team in their order: each member gets a
/// run of them of about the same number of values(item).
template <class Values, class Work>
void deal(const Team& team, size_t count, const Values& values, const Work& work) {
  int64_t total = 0;
  for (size_t item = 0; item < count; ++item) total += values(item);
  team.run([&](int member) {
    int64_t before = 0;
    for (size_t item = 0; item < count; ++item) {
      // Items of no values at the end come after all values: they are the last member's.
      const int64_t share = before * team.size / std::max<int64_t>(1, total);
      if (std::min<int64_t>(share, team.size - 1) == member) work(item);
      before += values(item);
    }
  });
}

}  // namespace simclr
