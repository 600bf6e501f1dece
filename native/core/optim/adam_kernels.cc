#include "core/optim/adam_kernels.h"

#include "core/vector_clones.h"

namespace simclr {
namespace {

template <class T>
SIMCLR_INLINE void adam_update_body(const Slice<T>& slice, const AdamFactors<T>& factors) {
  T* __restrict weight = slice.weight;
  T* __restrict first = slice.momentum;
  T* __restrict second = slice.second_moment;
  const T* __restrict gradient = slice.gradient;
  const AdamFactors<T> f = factors;  // of our own: no write can change it
  for (int64_t i = 0; i < slice.count; ++i) adam_update(weight[i], first[i], second[i], gradient[i], f);
}

}  // namespace

SIMCLR_VECTOR_CLONES void adam_update(const Slice<float>& slice, const AdamFactors<float>& factors) {
  adam_update_body(slice, factors);
}

SIMCLR_VECTOR_CLONES void adam_update(const Slice<double>& slice, const AdamFactors<double>& factors) {
  adam_update_body(slice, factors);
}

}  // namespace simclr
