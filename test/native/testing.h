// What the tests of native/cuda share: an assertion that says where it failed, numbers, largest differences.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#define EXPECT(condition)                                         \
  do {                                                            \
    if (!(condition)) {                                           \
      std::printf("%s:%d: %s\n", __FILE__, __LINE__, #condition); \
      std::exit(1);                                               \
    }                                                             \
  } while (false)

/// Expects |a - b| <= tolerance, NaN failing too, and says both.
#define EXPECT_NEAR(a, b, tolerance)                                                   \
  do {                                                                                 \
    const double x = (a), y = (b);                                                     \
    if (!(std::abs(x - y) <= (tolerance))) {                                           \
      std::printf("%s:%d: %s is %.9g, expected %.9g\n", __FILE__, __LINE__, #a, x, y); \
      std::exit(1);                                                                    \
    }                                                                                  \
  } while (false)

namespace testing {

/// Uniform in [-1, 1), a function of the seed.
inline std::vector<float> numbers(size_t count, uint32_t seed) {
  std::vector<float> out(count);
  for (float& x : out) {
    seed = seed * 1664525u + 1013904223u;
    x = static_cast<float>(seed >> 8) * 0x1p-23f - 1;
  }
  return out;
}

}  // namespace testing
