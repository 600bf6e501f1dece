// Colour arithmetic of one pixel, values in [0, 1] unless said. Branch-free and generic: T is float, or a
// vector of floats for the fused path (lanes.h), so that both compute the same.
#pragma once

#include <cmath>

#include "core/host_device.h"
#include "core/rounding.h"

namespace simclr {

template <class T>
struct RgbOf {
  T r, g, b;
};
using Rgb = RgbOf<float>;

// No pixel is NaN, and either zero will do: then these are one instruction each.
#if defined(__GNUC__) && !defined(__clang__) && !defined(__CUDACC__)
#pragma GCC push_options
#pragma GCC optimize("finite-math-only,no-signed-zeros")
#endif

template <class T>
SIMCLR_HD SIMCLR_INLINE T larger(T a, T b) {
  return a > b ? a : b;
}

template <class T>
SIMCLR_HD SIMCLR_INLINE T smaller(T a, T b) {
  return a < b ? a : b;
}

#if defined(__GNUC__) && !defined(__clang__) && !defined(__CUDACC__)
#pragma GCC pop_options
#endif

/// `x` in every lane.
template <class T>
SIMCLR_HD SIMCLR_INLINE T fill(float x) {
  return T{} + x;
}

template <class T>
SIMCLR_HD SIMCLR_INLINE T clip01(T x) {
  return smaller(larger(x, T{}), fill<T>(1));
}

template <class T>
SIMCLR_HD SIMCLR_INLINE RgbOf<T> clip01(RgbOf<T> p) {
  return {clip01(p.r), clip01(p.g), clip01(p.b)};
}

/// ITU-R 601 luma with the coefficients of both TensorFlow and torchvision (they sum to 0.9999).
template <class T>
SIMCLR_HD SIMCLR_INLINE T gray(RgbOf<T> p) {
  return 0.2989f * p.r + 0.587f * p.g + 0.114f * p.b;
}

/// a * factor + b * (1 - factor)
template <class T>
SIMCLR_HD SIMCLR_INLINE T blend(T a, float b, float factor) {
  return a * factor + b * (1 - factor);
}

/// Saturation by blending with the grey image (torchvision adjust_saturation), unclipped.
template <class T>
SIMCLR_HD SIMCLR_INLINE RgbOf<T> saturate_blend(RgbOf<T> p, float factor) {
  const T base = gray(p) * (1 - factor);
  return {p.r * factor + base, p.g * factor + base, p.b * factor + base};
}

/// Saturation in HSV, S * factor clamped to [0, 1] (tf.image.adjust_saturation). With S = chroma / value the
/// channels move on the line to `value`: x' = value - (value - x) * min(factor, 1 / S), no hue needed.
template <class T>
SIMCLR_HD SIMCLR_INLINE RgbOf<T> saturate_hsv(RgbOf<T> p, float factor) {
  const T value = larger(larger(p.r, p.g), p.b);
  const T chroma = value - smaller(smaller(p.r, p.g), p.b);
  const T most = larger(value, T{}) / larger(chroma, fill<T>(1e-30f));
  const T k = smaller(fill<T>(factor), most);
  return {value - (value - p.r) * k, value - (value - p.g) * k, value - (value - p.b) * k};
}

/// A hue shift of `turns` (any size) as what `shift_hue` adds: sixths of a turn in [1, 7).
SIMCLR_HD inline float hue_sixths(float turns) {
  const float whole = static_cast<float>(static_cast<int>(turns)) - (turns < 0 ? 1.0f : 0.0f);
  const float sixths = rounded_product(6.0f, turns - whole);  // [0, 6]
  return sixths < 1 ? sixths + 6 : sixths;
}

/// |a - b|
template <class T>
SIMCLR_HD SIMCLR_INLINE T distance(T a, float b) {
  const T difference = a - b;
  return larger(difference, -difference);
}

/// Adds to the hue in HSV, value and chroma kept (tf.image.adjust_hue, torchvision adjust_hue).
/// The hue h in [0, 6) gives channel shares r = |h - 3| - 1, g = 2 - |h - 2|, b = 2 - |h - 4|, clipped.
template <class T>
SIMCLR_HD SIMCLR_INLINE RgbOf<T> shift_hue(RgbOf<T> p, float sixths) {
  const T value = larger(larger(p.r, p.g), p.b);
  const T least = smaller(smaller(p.r, p.g), p.b);
  const T chroma = value - least;
  const T difference = p.r == value ? p.g - p.b : p.g == value ? p.b - p.r : p.r - p.g;
  const T sector = p.r == value ? T{} : p.g == value ? fill<T>(2) : fill<T>(4);
  T h = difference / larger(chroma, fill<T>(1e-30f)) + sector + sixths;  // [0, 12)
  h = h >= fill<T>(6) ? h - 6 : h;
  return {least + chroma * clip01(distance(h, 3) - 1), least + chroma * clip01(2 - distance(h, 2)),
          least + chroma * clip01(2 - distance(h, 4))};
}

/// What a linear change does to a colour: rows of the matrix, then what is added.
struct ColorMatrix {
  float by[3][3];
  float add[3];
};

/// A turn about the axis of greys, (1, 1, 1): for `shift_hue` in fast mode. It is equal at thirds of a turn,
/// keeps r + g + b and the distance from grey where that keeps value and chroma, and has a bit over half the
/// error of the rotation in YIQ, which keeps luma (docs/augmentation.md).
SIMCLR_HD inline ColorMatrix hue_rotation(float turns) {
#ifdef __CUDA_ARCH__
  // Reducing an angle of any size takes an array in local memory there; turns are reduced without.
  const float cosine = cospif(2 * turns), sine = sinpif(2 * turns) * 0.57735027f;
#else
  const float angle = 6.2831853f * turns, cosine = cosf(angle), sine = sinf(angle) * 0.57735027f;
#endif
  const float rest = (1 - cosine) / 3, same = cosine + rest;
  return {
      {{same, rest - sine, rest + sine}, {rest + sine, same, rest - sine}, {rest - sine, rest + sine, same}},
      {0, 0, 0}};
}

template <class T>
SIMCLR_HD SIMCLR_INLINE RgbOf<T> transform(RgbOf<T> p, const ColorMatrix& m) {
  const auto row = [&](int i) { return p.r * m.by[i][0] + p.g * m.by[i][1] + p.b * m.by[i][2] + m.add[i]; };
  return {row(0), row(1), row(2)};
}

/// Inverts what is at or above the threshold (torchvision solarize).
template <class T>
SIMCLR_HD SIMCLR_INLINE T solarize(T x, float threshold) {
  return x >= fill<T>(threshold) ? 1 - x : x;
}

}  // namespace simclr
