// 16-bit floating-point numbers as kernels store them, with one arithmetic for the GPU and the host executor.
#pragma once

#include <cstdint>
#include <cstring>

#include "core/host_device.h"

namespace simclr::cuda {

struct Bf16 {
  uint16_t bits;
};

struct Half {
  uint16_t bits;
};

template <class To, class From>
SIMCLR_HD inline To bit_cast(From from) {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  memcpy(&to, &from, sizeof to);
  return to;
}

SIMCLR_HD inline float to_float(float x) { return x; }
SIMCLR_HD inline float to_float(Bf16 x) { return bit_cast<float>(static_cast<uint32_t>(x.bits) << 16); }
SIMCLR_HD inline float to_float([[maybe_unused]] Half x) {
#ifdef __CUDA_ARCH__
  float y;
  asm("cvt.f32.f16 %0, %1;" : "=f"(y) : "h"(x.bits));
  return y;
#elif defined(SIMCLR_HOST_EXECUTOR)
  return static_cast<float>(bit_cast<_Float16>(x.bits));
#else
  return 0;  // never called: only kernels have halves
#endif
}

/// Rounded to nearest, ties to even.
template <class T>
SIMCLR_HD inline T from_float(float x);

template <>
SIMCLR_HD inline float from_float<float>(float x) {
  return x;
}

template <>
SIMCLR_HD inline Bf16 from_float<Bf16>(float x) {
#ifdef __CUDA_ARCH__
  Bf16 y;
  asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(y.bits) : "f"(x));
  return y;
#else
  const auto bits = bit_cast<uint32_t>(x);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return {0x7fff};  // as the GPU's NaN
  return {static_cast<uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16)};
#endif
}

template <>
SIMCLR_HD inline Half from_float<Half>([[maybe_unused]] float x) {
#ifdef __CUDA_ARCH__
  Half y;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(y.bits) : "f"(x));
  return y;
#elif defined(SIMCLR_HOST_EXECUTOR)
  return {bit_cast<uint16_t>(static_cast<_Float16>(x))};
#else
  return {0};
#endif
}

/// Consecutive values that are read and written at once.
template <class T, int kCount>
struct alignas(sizeof(T) * kCount) Pack {
  T values[kCount];
};

}  // namespace simclr::cuda
