// Which of the instruction sets that vector code is compiled for (image/lanes.h) this processor has.
#pragma once

#include <vector>

namespace simclr {

/// Floats in a vector that any processor of the platform has: SSE2, NEON.
#ifdef __GNUC__
inline constexpr int kAnyWidth = 4;
#else
inline constexpr int kAnyWidth = 1;
#endif

#if defined(__GNUC__) && defined(__x86_64__)

/// Compiles a function, and what is inlined into it, for AVX2 or AVX-512 and what came with them.
#define SIMCLR_AVX2 __attribute__((target("arch=x86-64-v3")))
#define SIMCLR_AVX512 __attribute__((target("arch=x86-64-v4")))
inline constexpr int kAvx2Width = 8, kAvx512Width = 16;

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

#else

#define SIMCLR_AVX2
#define SIMCLR_AVX512
inline constexpr int kAvx2Width = kAnyWidth, kAvx512Width = kAnyWidth;
inline bool has_avx2() { return false; }
inline bool has_avx512() { return false; }

#endif

/// Those of one function's compilations that this processor runs, as {name, function}, the fastest first.
template <class Path, class Function>
std::vector<Path> vector_paths(Function avx512, Function avx2, Function anywhere) {
  std::vector<Path> paths;
  if (has_avx512()) paths.push_back({"avx512", avx512});
  if (has_avx2()) paths.push_back({"avx2", avx2});
  paths.push_back({"vector", anywhere});
  return paths;
}

}  // namespace simclr
