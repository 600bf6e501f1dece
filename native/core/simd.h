// Vector code chosen at run time: a function marked SIMCLR_CLONES is compiled for AVX-512, AVX2 and plain
// x86-64 (or the one target there is elsewhere) and picked when the library is loaded. What it calls must be
// SIMCLR_INLINE to be compiled with it.
#pragma once

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__)
#define SIMCLR_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define SIMCLR_CLONES
#endif

#define SIMCLR_INLINE inline __attribute__((always_inline))
