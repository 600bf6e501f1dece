// Separable Gaussian blur of columns in cache: down each column in place, then across columns tile by tile on
// the way out.
#pragma once

#include <cmath>
#include <cstdint>

#include "core/augment/fused/columns.h"
#include "core/augment/fused/store_columns.h"
#include "core/augment/plan.h"
#include "core/image/lanes.h"

namespace simclr {

struct BlurScratch {
  Scratch<float> weights, column, tile;
};

namespace fused {

struct Taps {
  const float* weights;  ///< 2 radius + 1
  int radius;
};

/// The kernel's weights. Taps so small that a float32 sum does not notice them are dropped.
inline Taps gaussian_taps(int kernel, float sigma, Scratch<float>& memory) {
  constexpr float kNegligible = 0x1p-28f;
  float* weights = memory.get(static_cast<size_t>(kernel));
  const int radius = kernel / 2;
  float sum = 0;
  int kept = 0;
  for (int t = 0; t <= radius; ++t) {
    const float x = static_cast<float>(t) / sigma;
    const float weight = std::exp(-0.5f * x * x);
    weights[radius + t] = weights[radius - t] = weight;
    sum += t == 0 ? weight : 2 * weight;
    if (weight > kNegligible) kept = t;
  }
  for (int i = 0; i < kernel; ++i) weights[i] /= sum;
  return {weights + radius - kept, kept};
}

/// `at` outside 0 .. size-1 mirrored without repeating the edge.
SIMCLR_INLINE int reflected(int at, int size) {
  at = at < 0 ? -at : at;
  return at < size ? at : 2 * (size - 1) - at;
}

/// kVectors vectors of taps.weights over from[y + k].
template <int kWidth, int kVectors>
SIMCLR_INLINE void blur_run(const float* from, const Taps& taps, float* out) {
  Lanes<kWidth> sum[kVectors] = {};
  for (int k = 0; k <= 2 * taps.radius; ++k) {
    for (int v = 0; v < kVectors; ++v) sum[v] += load<kWidth>(from + k + v * kWidth) * taps.weights[k];
  }
  for (int v = 0; v < kVectors; ++v) store(out + v * kWidth, sum[v]);
}

/// Blur along each of `planes` runs of `size` values, in place. `work` holds a run with its padding.
template <int kWidth>
SIMCLR_INLINE void blur_down(float* data, int planes, int size, int stride, const Taps& taps, Padding padding,
                             float* work) {
  const int radius = taps.radius;
  float* inner = work + padded(radius);
  const float* start = inner - radius;
  for (int plane = 0; plane < planes; ++plane, data += stride) {
    for (int y = 0; y < stride; y += kWidth) store(inner + y, load<kWidth>(data + y));
    const int after = stride - size > radius ? stride - size : radius;
    for (int t = 1; t <= radius; ++t) inner[-t] = padding == Padding::kZero ? 0 : data[t];
    for (int t = 0; t < after; ++t) {
      inner[size + t] = padding == Padding::kZero || t >= radius ? 0 : data[size - 2 - t];
    }
    int y = 0;
    for (; y + 4 * kWidth <= stride; y += 4 * kWidth) blur_run<kWidth, 4>(start + y, taps, data + y);
    for (; y < stride; y += kWidth) blur_run<kWidth, 1>(start + y, taps, data + y);
  }
}

/// Blur across: columns first .. first+count-1, rows y .. y+16*kSixteens-1, into tile[column][channel][rows].
template <int kWidth, int kSixteens>
SIMCLR_INLINE void blur_across(const Columns& columns, const Taps& taps, Padding padding, int first,
                               int count, int y, float* tile) {
  constexpr int kVectors = kSixteens * 16 / kWidth;
  const int radius = taps.radius, size = columns.size, channels = columns.channels;
  for (int x = first; x < first + count; ++x) {
    int low = 0, high = 2 * radius;
    if (padding == Padding::kZero) {
      if (x < radius) low = radius - x;
      if (x + radius >= size) high = size - 1 - x + radius;
    }
    for (int c = 0; c < channels; ++c) {
      Lanes<kWidth> sum[kVectors] = {};
      for (int k = low; k <= high; ++k) {
        const float* at = columns.column(reflected(x + k - radius, size)) + c * columns.stride + y;
        for (int v = 0; v < kVectors; ++v) sum[v] += load<kWidth>(at + v * kWidth) * taps.weights[k];
      }
      for (int v = 0; v < kVectors; ++v) store(tile + v * kWidth, sum[v]);
      tile += kSixteens * 16;
    }
  }
}

}  // namespace fused

/// Blurs the columns and stores them as store_part does. Overwrites them.
template <int kWidth>
SIMCLR_INLINE void blur_and_store_columns(const Columns& columns, const BlurPlan& plan, float sigma,
                                          const fused::Last& last, BlurScratch& scratch, float* out) {
  using namespace fused;  // NOLINT: this header's own
  const int size = columns.size, stride = columns.stride, channels = columns.channels;
  const int64_t pitch = 3 * static_cast<int64_t>(size);
  const Taps taps = gaussian_taps(plan.kernel, sigma, scratch.weights);
  float* work = scratch.column.get(static_cast<size_t>(2 * padded(taps.radius) + stride));
  blur_down<kWidth>(columns.data, size * channels, size, stride, taps, plan.padding, work);

  // Tiles of 16 columns x 64 rows: what a tile reads and writes stays in the first-level cache.
  constexpr int kColumns = 16, kRows = 64;
  float* tile = scratch.tile.get(static_cast<size_t>(kColumns) * 3 * kRows);
  for (int y = 0; y < size; y += kRows) {
    const int rows = size - y < kRows ? size - y : kRows;
    const int floats = padded(rows);
    for (int x = 0; x < size; x += kColumns) {
      const int count = size - x < kColumns ? size - x : kColumns;
      switch (floats / 16) {
        case 1:
          blur_across<kWidth, 1>(columns, taps, plan.padding, x, count, y, tile);
          break;
        case 2:
          blur_across<kWidth, 2>(columns, taps, plan.padding, x, count, y, tile);
          break;
        case 3:
          blur_across<kWidth, 3>(columns, taps, plan.padding, x, count, y, tile);
          break;
        default:
          blur_across<kWidth, 4>(columns, taps, plan.padding, x, count, y, tile);
      }
      store_part<kWidth>(tile, floats, channels, {x, count, y, rows}, last, out, pitch);
    }
  }
}

}  // namespace simclr
