// Products that are rounded before anything is added to them.
//
// Compilers make one fused multiply-add, rounded once, of a * b + c wherever the target has it: nvcc for
// every GPU, GCC and clang for some processors. Mostly either will do. Where a result is rounded to whole
// pixels or to the steps of a table, a last bit decides which, and a CPU and a GPU must decide alike: the
// same crop of the same image, the same weights. Flags for files would not hold it: this is inline in many.
#pragma once

#include "core/host_device.h"

namespace simclr {

/// a * b of floats or doubles, which no addition absorbs.
template <class T>
SIMCLR_HD inline T rounded_product(T a, T b) {
#ifdef __CUDA_ARCH__
  if constexpr (sizeof(T) == sizeof(float))
    return __fmul_rn(a, b);
  else
    return __dmul_rn(a, b);
#else
  T rounded = a * b;
// Says to the compiler that the value may be another from here on; costs nothing.
#if defined(__x86_64__)
  asm("" : "+x"(rounded));
#elif defined(__aarch64__)
  asm("" : "+w"(rounded));
#else
  volatile T kept = rounded;
  rounded = kept;
#endif
  return rounded;
#endif
}

}  // namespace simclr
