// Weights of separable resampling: which source pixels make up one destination pixel along one axis.
// Pixel centres lie at half-integers: destination i sees source position (i + 0.5) * scale.
// Of the same bits on every processor and GPU (core/rounding.h).
#pragma once

#include <cmath>

#include "core/augment/plan.h"
#include "core/host_device.h"
#include "core/rounding.h"

namespace simclr {

enum class Resampling {
  kTriangle,           ///< bilinear between the two nearest pixels
  kTriangleAntialias,  ///< triangle as wide as the scale (torch bilinear, antialias=True)
  kKeys,               ///< Keys cubic a = -0.5, fraction in 1/1024 as TensorFlow's table has it
  kKeysAntialias,      ///< Keys cubic a = -0.5 widened by the scale (torch bicubic, antialias=True)
  kCubicTorch,         ///< cubic a = -0.75, edge pixels repeated (torch bicubic, antialias=False)
};

SIMCLR_HD inline Resampling resampling(Filter filter, bool antialias) {
  if (filter == Filter::kBilinear) return antialias ? Resampling::kTriangleAntialias : Resampling::kTriangle;
  return antialias ? Resampling::kKeysAntialias : Resampling::kKeys;
}

/// Keys' cubic convolution kernel (Keys 1981, eq. 4; a = -0.5 there).
SIMCLR_HD inline float cubic(float x, float a) {
  x = fabsf(x);
  if (x < 1) return rounded_product((rounded_product(a + 2, x) - (a + 3)) * x, x) + 1;
  if (x < 2) return rounded_product(rounded_product(rounded_product(a, x) - 5 * a, x) + 8 * a, x) - 4 * a;
  return 0;
}

/// The most taps a destination pixel can have.
SIMCLR_HD inline int max_taps(Resampling kind, int in, int out) {
  const float scale = in > out ? static_cast<float>(in) / static_cast<float>(out) : 1.0f;
  switch (kind) {
    case Resampling::kTriangle:
      return 2;
    case Resampling::kTriangleAntialias:
      return 2 * static_cast<int>(ceilf(scale)) + 1;
    case Resampling::kKeysAntialias:
      return 2 * static_cast<int>(ceilf(2 * scale)) + 1;
    default:
      return 4;
  }
}

/// Weights of destination pixel `i`, summing to 1, into weights[0 .. count-1]; they belong to source pixels
/// first .. first+count-1, all inside 0 .. in-1. Returns count (at least 1, at most max_taps). `scale`:
/// source pixels from one destination pixel to the next. Taps outside the source are dropped and the rest
/// renormalised, which is what TensorFlow's half-pixel Keys kernel and torch's antialiased ones do (for the
/// triangle it is the same as repeating the edge).
SIMCLR_HD inline int resample_weights_at(Resampling kind, float scale, int in, int i, int* first,
                                         float* weights) {
  int count;
  if (kind == Resampling::kTriangleAntialias || kind == Resampling::kKeysAntialias) {
    const bool keys = kind == Resampling::kKeysAntialias;
    const float widen = scale > 1 ? scale : 1;
    const float support = (keys ? 2 : 1) * widen;
    const float inverse = 1 / widen;
    const float center = rounded_product(scale, static_cast<float>(i) + 0.5f);
    const int low = static_cast<int>(center - support + 0.5f);
    const int high = static_cast<int>(center + support + 0.5f);
    *first = low > 0 ? low : 0;
    count = (high < in ? high : in) - *first;
    for (int j = 0; j < count; ++j) {
      const float x = (static_cast<float>(j + *first) - center + 0.5f) * inverse;
      const float triangle = 1 - fabsf(x);
      weights[j] = keys ? cubic(x, -0.5f) : triangle > 0 ? triangle : 0;
    }
  } else {
    const float position = rounded_product(static_cast<float>(i) + 0.5f, scale) - 0.5f;
    const int base = static_cast<int>(floorf(position));
    float fraction = position - static_cast<float>(base);
    if (kind == Resampling::kKeys) fraction = rintf(fraction * 1024) / 1024;
    const bool two = kind == Resampling::kTriangle;
    const float a = kind == Resampling::kKeys ? -0.5f : -0.75f;
    const int start = two ? base : base - 1;
    const int end = start + (two ? 2 : 4);
    *first = start > 0 ? start : 0;
    const int last = (end < in ? end : in) - 1;
    count = last - *first + 1;
    for (int j = 0; j < count; ++j) weights[j] = 0;
    for (int at = start; at < end; ++at) {
      const float x = fraction - static_cast<float>(at - base);
      const float weight = two ? 1 - fabsf(x) : cubic(x, a);
      if (at >= *first && at <= last) {
        weights[at - *first] += weight;
      } else if (kind == Resampling::kCubicTorch) {
        weights[at < *first ? 0 : count - 1] += weight;
      }
    }
  }
  float sum = 0;
  for (int j = 0; j < count; ++j) sum += weights[j];
  for (int j = 0; j < count; ++j) weights[j] /= sum;
  return count;
}

/// The same where `out` destination pixels show all of the source.
SIMCLR_HD inline int resample_weights(Resampling kind, int in, int out, int i, int* first, float* weights) {
  return resample_weights_at(kind, static_cast<float>(in) / static_cast<float>(out), in, i, first, weights);
}

}  // namespace simclr
