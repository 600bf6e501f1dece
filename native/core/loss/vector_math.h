// 64 bytes of numbers at a time, in the compiler's vector extension: the same lanes, and so the same sums, on
// every vector width. exp and log are polynomials for float (error below 2 units in the last place on the
// ranges the loss uses) and the C library's for double, which only tests and `verify` use.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

#include "core/vector_clones.h"

// Vectors wider than the base instruction set are passed differently by wider ones; nothing here is passed.
#pragma GCC diagnostic ignored "-Wpsabi"

namespace simclr::lanes {

template <class T>
struct VectorOf {
  typedef T type __attribute__((vector_size(64)));
  static constexpr int count = 64 / sizeof(T);
};
template <class T>
using Vector = typename VectorOf<T>::type;

template <class T>
SIMCLR_INLINE Vector<T> load(const T* from) {
  Vector<T> v;
  std::memcpy(&v, from, sizeof v);
  return v;
}

template <class T>
SIMCLR_INLINE void store(T* to, const Vector<T>& v) {
  std::memcpy(to, &v, sizeof v);
}

template <class T>
SIMCLR_INLINE Vector<T> splat(T value) {
  return Vector<T>{} + value;
}

template <class T>
SIMCLR_INLINE double sum(const Vector<T>& v) {
  double total = 0;
  for (int i = 0; i < VectorOf<T>::count; ++i) total += v[i];
  return total;
}

template <class T>
SIMCLR_INLINE T maximum(const Vector<T>& v) {
  T best = v[0];
  for (int i = 1; i < VectorOf<T>::count; ++i) best = v[i] > best ? v[i] : best;
  return best;
}

/// The larger of each two; b where they cannot be compared. By halves: GCC takes comparisons of vectors wider
/// than the processor's apart, number by number.
template <class T>
SIMCLR_INLINE Vector<T> larger(const Vector<T>& a, const Vector<T>& b) {
  typedef T Half __attribute__((vector_size(32)));
  Half x[2], y[2];
  std::memcpy(x, &a, sizeof x);
  std::memcpy(y, &b, sizeof y);
  for (int i = 0; i < 2; ++i) x[i] = x[i] > y[i] ? x[i] : y[i];
  Vector<T> out;
  std::memcpy(&out, x, sizeof out);
  return out;
}

typedef int32_t Ints __attribute__((vector_size(64)));

SIMCLR_INLINE Ints bits_of(const Vector<float>& v) {
  Ints bits;
  std::memcpy(&bits, &v, sizeof bits);
  return bits;
}

SIMCLR_INLINE Vector<float> of_bits(const Ints& bits) {
  Vector<float> v;
  std::memcpy(&v, &bits, sizeof v);
  return v;
}

/// exp for x <= 88; 0 below -87 (also for -inf), where float would leave its normal range.
SIMCLR_INLINE Vector<float> exp(const Vector<float>& x) {
  const Vector<float> lowest = splat(-87.0f);
  const Ints below = bits_of(x - lowest) >> 31;  // all bits of what is; no comparison, see `larger`
  const Vector<float> clamped = of_bits((bits_of(x) & ~below) | (bits_of(lowest) & below));
  // x = n ln 2 + r; adding 1.5 * 2^23 rounds to the nearest integer.
  const Vector<float> rounder = splat(12582912.0f);
  const Vector<float> n = (clamped * 1.44269504088896341f + rounder) - rounder;
  const Vector<float> r = (clamped - n * 0.693359375f) + n * 2.12194440e-4f;
  Vector<float> p = splat(1.9875691500e-4f);
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * (r * r) + r + 1.0f;
  const Vector<float> scale = of_bits((__builtin_convertvector(n, Ints) + 127) << 23);
  return of_bits(bits_of(p * scale) & ~below);
}

/// Natural logarithm for normal positive x.
SIMCLR_INLINE Vector<float> log(const Vector<float>& x) {
  // Mantissa in [sqrt(1/2), sqrt(2)), so that the polynomial's argument is small on both sides of 1.
  const Ints shifted = bits_of(x) - 0x3f3504f3;
  const Vector<float> n = __builtin_convertvector(shifted >> 23, Vector<float>);
  const Vector<float> r = of_bits((shifted & 0x007fffff) + 0x3f3504f3) - 1.0f;
  Vector<float> p = splat(7.0376836292e-2f);
  p = p * r - 1.1514610310e-1f;
  p = p * r + 1.1676998740e-1f;
  p = p * r - 1.2420140846e-1f;
  p = p * r + 1.4249322787e-1f;
  p = p * r - 1.6668057665e-1f;
  p = p * r + 2.0000714765e-1f;
  p = p * r - 2.4999993993e-1f;
  p = p * r + 3.3333331174e-1f;
  const Vector<float> square = r * r;
  return n * 0.693359375f + (r + (r * square * p - n * 2.12194440e-4f - 0.5f * square));
}

SIMCLR_INLINE Vector<double> exp(const Vector<double>& x) {
  Vector<double> out;
  for (int i = 0; i < VectorOf<double>::count; ++i) out[i] = std::exp(x[i]);
  return out;
}

SIMCLR_INLINE Vector<double> log(const Vector<double>& x) {
  Vector<double> out;
  for (int i = 0; i < VectorOf<double>::count; ++i) out[i] = std::log(x[i]);
  return out;
}

}  // namespace simclr::lanes
