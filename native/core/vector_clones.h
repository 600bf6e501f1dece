// Vector code for the machine at hand: the compiler builds a function once per x86-64 level and the dynamic
// loader picks the best one the processor has. (Not under AddressSanitizer: its resolvers run before its
// runtime.)
#pragma once

#include "core/host_device.h"  // SIMCLR_INLINE: helpers of such functions must vanish into them

#if defined(__x86_64__) && defined(__linux__) && defined(__GNUC__) && \
    (__GNUC__ >= 12 || defined(__clang__)) && !defined(__SANITIZE_ADDRESS__)
#define SIMCLR_VECTOR_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define SIMCLR_VECTOR_CLONES
#endif
