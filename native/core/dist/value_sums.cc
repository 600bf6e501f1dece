#include "core/dist/value_sums.h"

#include <algorithm>

#include "core/numbers.h"
#include "core/vector_clones.h"

namespace simclr {
namespace {

constexpr int64_t kAtATime = 1 << 12;  // values: their sum stays in the nearest cache

template <class From, class To>
SIMCLR_INLINE void take_values(const From* __restrict from, int64_t count, bool add, To* __restrict sum) {
  if (add) {
    for (int64_t i = 0; i < count; ++i) sum[i] += static_cast<To>(load(from + i));
  } else {
    for (int64_t i = 0; i < count; ++i) sum[i] = static_cast<To>(load(from + i));
  }
}

// target_clones takes plain functions only.
#define SIMCLR_TAKE(From, To)                                                                \
  SIMCLR_VECTOR_CLONES void take_clone(const From* from, int64_t count, bool add, To* sum) { \
    take_values(from, count, add, sum);                                                      \
  }
SIMCLR_TAKE(at::BFloat16, float)
SIMCLR_TAKE(at::BFloat16, double)
SIMCLR_TAKE(at::Half, float)
SIMCLR_TAKE(at::Half, double)
SIMCLR_TAKE(float, float)
SIMCLR_TAKE(double, double)
#undef SIMCLR_TAKE

}  // namespace

template <class From, class To>
void sum_values(const std::vector<const From*>& parts, int64_t count, bool add, To* sum) {
  for (int64_t begin = 0; begin < count; begin += kAtATime) {
    const int64_t some = std::min(kAtATime, count - begin);
    bool more = add;
    for (const From* part : parts) {
      take_clone(part + begin, some, more, sum + begin);
      more = true;
    }
  }
}

template void sum_values(const std::vector<const at::BFloat16*>&, int64_t, bool, float*);
template void sum_values(const std::vector<const at::BFloat16*>&, int64_t, bool, double*);
template void sum_values(const std::vector<const at::Half*>&, int64_t, bool, float*);
template void sum_values(const std::vector<const at::Half*>&, int64_t, bool, double*);
template void sum_values(const std::vector<const float*>&, int64_t, bool, float*);
template void sum_values(const std::vector<const double*>&, int64_t, bool, double*);

}  // namespace simclr
