// Counter-based random numbers: Philox4x32-10 (Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy
// as 1, 2, 3", SC 2011). A draw is a function of its key and counter alone, so nothing depends on the order
// in which threads, ranks or a resumed run ask for it.
#pragma once

#include <cstdint>

#include "core/host_device.h"
#include "core/rounding.h"

namespace simclr {

/// Four independent 32-bit words.
struct RandomBlock {
  uint32_t word[4];
};

/// Philox4x32 with ten rounds.
SIMCLR_HD inline RandomBlock philox(uint64_t key, const uint32_t (&counter)[4]) {
  uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
  uint32_t k0 = static_cast<uint32_t>(key), k1 = static_cast<uint32_t>(key >> 32);
  for (int round = 0; round < 10; ++round) {
    const uint64_t a = static_cast<uint64_t>(0xD2511F53u) * c0;
    const uint64_t b = static_cast<uint64_t>(0xCD9E8D57u) * c2;
    c0 = static_cast<uint32_t>(b >> 32) ^ c1 ^ k0;
    c1 = static_cast<uint32_t>(b);
    c2 = static_cast<uint32_t>(a >> 32) ^ c3 ^ k1;
    c3 = static_cast<uint32_t>(a);
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return {{c0, c1, c2, c3}};
}

/// Uniform in [0, 1), 24 bits.
SIMCLR_HD inline float uniform(uint32_t word) { return static_cast<float>(word >> 8) * 0x1p-24f; }

/// Uniform in [low, high). The same bits on every processor and GPU: what follows may be rounded to pixels.
SIMCLR_HD inline float uniform(uint32_t word, float low, float high) {
  return low + rounded_product(high - low, uniform(word));
}

/// Uniform in 0 .. count-1 (its bias, count / 2^32, is far below what any run could notice).
SIMCLR_HD inline uint32_t below(uint32_t word, uint32_t count) {
  return static_cast<uint32_t>((static_cast<uint64_t>(word) * count) >> 32);
}

}  // namespace simclr
