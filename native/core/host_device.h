// Arithmetic that CPU code and CUDA kernels share is marked SIMCLR_HD, so that CPU tests exercise it.
#pragma once

#ifdef __CUDACC__
#define SIMCLR_HD __host__ __device__
#else
#define SIMCLR_HD
#endif

/// Inline always: small arithmetic that must take on the instruction set of the function it is used in.
#if defined(__GNUC__) && !defined(__CUDACC__)
#define SIMCLR_INLINE inline __attribute__((always_inline))
#else
#define SIMCLR_INLINE inline
#endif
