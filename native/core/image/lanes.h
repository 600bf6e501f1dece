// Vector code without intrinsics: a few floats as one value (the vector extension of GCC and Clang), the
// width a template parameter, so that one source serves every instruction set. What is written with it must
// be inlined into a function compiled for a set that has such vectors (SIMCLR_INLINE; see
// augment/fused/view_paths.cc).
#pragma once

#include <cstring>
#include <utility>

#include "core/host_device.h"

namespace simclr {

template <int kWidth>
struct LanesOf {
#ifdef __GNUC__
  typedef float type __attribute__((vector_size(kWidth * sizeof(float))));
#endif
};
template <>
struct LanesOf<1> {
  using type = float;
};

/// kWidth floats; plain float for 1.
template <int kWidth>
using Lanes = typename LanesOf<kWidth>::type;

template <int kWidth>
SIMCLR_INLINE Lanes<kWidth> load(const float* from) {
  Lanes<kWidth> out;
  std::memcpy(&out, from, sizeof out);
  return out;
}

template <class V>
SIMCLR_INLINE void store(float* to, V value) {
  std::memcpy(to, &value, sizeof value);
}

namespace lanes {

template <int kHalf, class V, int... i>
SIMCLR_INLINE V interleave(V a, V b, std::integer_sequence<int, i...>) {
  constexpr int kWidth = sizeof...(i);
  return __builtin_shufflevector(a, b, (kHalf * kWidth / 2 + i / 2 + (i % 2) * kWidth)...);
}

template <int kPart, class V, int... i>
SIMCLR_INLINE V thrice(V a, std::integer_sequence<int, i...>) {
  constexpr int kWidth = sizeof...(i);
  return __builtin_shufflevector(a, a, ((kPart * kWidth + i) / 3)...);
}

template <int kPart, class V, int... i>
SIMCLR_INLINE V zipped(V a, V b, V c, std::integer_sequence<int, i...>) {
  constexpr int kWidth = sizeof...(i), kFirst = kPart * kWidth;
  const V ab = __builtin_shufflevector(a, b, ((kFirst + i) / 3 + ((kFirst + i) % 3 == 1 ? kWidth : 0))...);
  return __builtin_shufflevector(ab, c, ((kFirst + i) % 3 == 2 ? kWidth + (kFirst + i) / 3 : i)...);
}

template <int kPart, class V, int... i>
SIMCLR_INLINE V repeated(const float* three, std::integer_sequence<int, i...>) {
  constexpr int kWidth = sizeof...(i);
  return V{three[(kPart * kWidth + i) % 3]...};
}

}  // namespace lanes

/// Rows become columns: tile[i] lane j to tile[j] lane i, by log2(kWidth) rounds of interleaving.
template <int kWidth>
SIMCLR_INLINE void transpose(Lanes<kWidth> (&tile)[kWidth]) {
  if constexpr (kWidth > 1) {
    using Sequence = std::make_integer_sequence<int, kWidth>;
    for (int round = 1; round < kWidth; round *= 2) {
      Lanes<kWidth> mixed[kWidth];
      for (int i = 0; i < kWidth / 2; ++i) {
        mixed[2 * i] = lanes::interleave<0>(tile[i], tile[i + kWidth / 2], Sequence{});
        mixed[2 * i + 1] = lanes::interleave<1>(tile[i], tile[i + kWidth / 2], Sequence{});
      }
      for (int i = 0; i < kWidth; ++i) tile[i] = mixed[i];
    }
  }
}

/// Part kPart (0, 1, 2) of aaabbbccc..., each lane three times.
template <int kPart, int kWidth>
SIMCLR_INLINE Lanes<kWidth> thrice(Lanes<kWidth> a) {
  if constexpr (kWidth == 1) {
    return a;
  } else {
    return lanes::thrice<kPart>(a, std::make_integer_sequence<int, kWidth>{});
  }
}

/// Part kPart (0, 1, 2) of abcabcabc..., the lanes of three vectors in turn.
template <int kPart, int kWidth>
SIMCLR_INLINE Lanes<kWidth> zipped(Lanes<kWidth> a, Lanes<kWidth> b, Lanes<kWidth> c) {
  if constexpr (kWidth == 1) {
    return kPart == 0 ? a : kPart == 1 ? b : c;
  } else {
    return lanes::zipped<kPart>(a, b, c, std::make_integer_sequence<int, kWidth>{});
  }
}

/// Part kPart (0, 1, 2) of xyzxyzxyz....
template <int kPart, int kWidth>
SIMCLR_INLINE Lanes<kWidth> repeated(const float* three) {
  if constexpr (kWidth == 1) {
    return three[kPart];
  } else {
    return lanes::repeated<kPart, Lanes<kWidth>>(three, std::make_integer_sequence<int, kWidth>{});
  }
}

}  // namespace simclr
