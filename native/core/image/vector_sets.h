// Which of the instruction sets that vector code is compiled for (image/lanes.h) this processor has.
#pragma once

namespace simclr {

#if defined(__GNUC__) && defined(__x86_64__)

#define SIMCLR_X86_VECTORS
/// Compiles a function, and what is inlined into it, for AVX2 or AVX-512 and what came with them.
#define SIMCLR_AVX2 __attribute__((target("arch=x86-64-v3")))
#define SIMCLR_AVX512 __attribute__((target("arch=x86-64-v4")))

/// By what the levels consist of: not every compiler knows the levels' names here.
inline bool has_avx2() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi") &&
         __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("f16c") &&
         __builtin_cpu_supports("lzcnt") && __builtin_cpu_supports("movbe");
}

inline bool has_avx512() {
  return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512vl");
}

#endif

/// Floats in a vector that any processor of the platform has: SSE2, NEON.
#ifdef __GNUC__
inline constexpr int kAnyWidth = 4;
#else
inline constexpr int kAnyWidth = 1;
#endif

}  // namespace simclr
