// Crop and resize into columns. Vertical first, on the bytes as they lie (interleaved channels need no
// sorting there); blocks of rows are then transposed, after which the horizontal pass is vertical too and
// never gathers.
#pragma once

#include <cstdint>

#include "core/augment/crop.h"
#include "core/augment/fused/columns.h"
#include "core/augment/orientation.h"
#include "core/image/image_view.h"
#include "core/image/lanes.h"
#include "core/image/resample_weights.h"

namespace simclr {

struct ResampleScratch {
  Scratch<int> indices[2];
  Scratch<float> weights[2];
  Scratch<float> rows, mixed, transposed;
};

namespace fused {

/// Output rows that are worked on together.
inline constexpr int kBlock = 64;
/// Source values (of a row's interleaved channels) that are worked on together.
inline constexpr int kStrip = 32;

/// The weights of one axis: pixel i is made of count[i] source pixels from first[i] on. Of a reversed one
/// pixel 0 is the last.
struct Axis {
  int* first;
  int* count;
  float* weights;  ///< of pixel i from i * taps on
  int taps;
};

SIMCLR_INLINE Axis make_axis(Resampling kind, int in, int out, bool reversed, float scale,
                             Scratch<int>& indices, Scratch<float>& weights) {
  Axis axis;
  axis.taps = max_taps(kind, in, out);
  axis.first = indices.get(2 * static_cast<size_t>(out));
  axis.count = axis.first + out;
  axis.weights = weights.get(static_cast<size_t>(out) * axis.taps);
  for (int i = 0; i < out; ++i) {
    float* mine = axis.weights + static_cast<size_t>(i) * axis.taps;
    axis.count[i] = resample_weights(kind, in, out, reversed ? out - 1 - i : i, &axis.first[i], mine);
    for (int k = 0; k < axis.count[i]; ++k) mine[k] *= scale;
  }
  return axis;
}

/// Bytes to floats: `rows` rows of `count` (at most kStrip) values.
SIMCLR_INLINE void widen(const uint8_t* from, int64_t stride, int rows, int count, float* to) {
  for (int y = 0; y < rows; ++y, from += stride, to += kStrip) {
    if (count == kStrip) {
      for (int i = 0; i < kStrip; ++i) to[i] = static_cast<float>(from[i]);
    } else {
      for (int i = 0; i < count; ++i) to[i] = static_cast<float>(from[i]);
      for (int i = count; i < kStrip; ++i) to[i] = 0;
    }
  }
}

/// sum over k of weights[k] * (kVectors vectors at from + k * step)
template <int kWidth, int kVectors>
SIMCLR_INLINE void mix(const float* from, int64_t step, const float* weights, int count, float* out) {
  Lanes<kWidth> sum[kVectors];
  for (int v = 0; v < kVectors; ++v) sum[v] = load<kWidth>(from + v * kWidth) * weights[0];
  for (int k = 1; k < count; ++k) {
    from += step;
    for (int v = 0; v < kVectors; ++v) sum[v] += load<kWidth>(from + v * kWidth) * weights[k];
  }
  for (int v = 0; v < kVectors; ++v) store(out + v * kWidth, sum[v]);
}

/// [kBlock][kStrip] to [kStrip][kBlock], of which `rows` rows matter.
template <int kWidth>
SIMCLR_INLINE void transpose_block(const float* from, int rows, float* to) {
  for (int y = 0; y < rows; y += kWidth) {
    for (int x = 0; x < kStrip; x += kWidth) {
      Lanes<kWidth> tile[kWidth];
      for (int i = 0; i < kWidth; ++i) tile[i] = load<kWidth>(from + (y + i) * kStrip + x);
      transpose<kWidth>(tile);
      for (int i = 0; i < kWidth; ++i) store(to + (x + i) * kBlock + y, tile[i]);
    }
  }
}

/// Rows begin .. end-1 of the result, still as wide as the box, into transposed[value][kBlock].
template <int kWidth>
SIMCLR_INLINE void vertical_pass(const uint8_t* source, int64_t stride, int values, const Axis& axis,
                                 int begin, int end, ResampleScratch& scratch, float* transposed) {
  const int first = axis.first[begin], last = axis.first[end - 1];  // a reversed axis descends
  const int first_row = first < last ? first : last;
  const int after_first = first + axis.count[begin], after_last = last + axis.count[end - 1];
  const int row_count = (after_first > after_last ? after_first : after_last) - first_row;
  float* rows = scratch.rows.get(static_cast<size_t>(row_count) * kStrip);
  float* mixed = scratch.mixed.get(kBlock * kStrip);
  for (int at = 0; at < values; at += kStrip) {
    const int count = values - at < kStrip ? values - at : kStrip;
    widen(source + first_row * stride + at, stride, row_count, count, rows);
    for (int y = begin; y < end; ++y) {
      mix<kWidth, kStrip / kWidth>(rows + (axis.first[y] - first_row) * kStrip, kStrip,
                                   axis.weights + static_cast<int64_t>(y) * axis.taps, axis.count[y],
                                   mixed + (y - begin) * kStrip);
    }
    transpose_block<kWidth>(mixed, end - begin, transposed + static_cast<int64_t>(at) * kBlock);
  }
}

/// Rows begin .. begin + 16 * kSixteens - 1 of all columns.
template <int kWidth, int kSixteens>
SIMCLR_INLINE void horizontal_pass(const float* transposed, const Axis& axis, int begin,
                                   const Columns& columns) {
  const int channels = columns.channels;
  for (int x = 0; x < columns.size; ++x) {
    const float* weights = axis.weights + static_cast<int64_t>(x) * axis.taps;
    const float* from = transposed + static_cast<int64_t>(axis.first[x]) * channels * kBlock;
    float* out = columns.column(x) + begin;
    for (int c = 0; c < channels; ++c) {
      mix<kWidth, kSixteens * 16 / kWidth>(from + c * kBlock, channels * kBlock, weights, axis.count[x],
                                           out + c * columns.stride);
    }
  }
}

}  // namespace fused

/// `box` of the image resized to columns.size, its rows and columns reversed as `turned` says (transposing is
/// left to whoever stores them), bytes / 255. The same values as crop_resize up to rounding; columns.channels
/// must be the image's.
template <int kWidth>
SIMCLR_INLINE void resample_columns(const ImageView& image, const Box& box, Resampling kind,
                                    const Orientation& turned, ResampleScratch& scratch,
                                    const Columns& columns) {
  using namespace fused;  // NOLINT: this header's own
  const int size = columns.size;
  const Axis down = make_axis(kind, box.height, size, turned.reverse_rows, 1.0f / 255, scratch.indices[0],
                              scratch.weights[0]);
  const Axis across =
      make_axis(kind, box.width, size, turned.reverse_columns, 1, scratch.indices[1], scratch.weights[1]);
  const int values = box.width * image.channels;
  const uint8_t* source = image.data + box.y * image.stride + static_cast<int64_t>(box.x) * image.channels;
  float* transposed = scratch.transposed.get(static_cast<size_t>(values + kStrip) * kBlock);
  for (int begin = 0; begin < size; begin += kBlock) {
    const int end = size - begin < kBlock ? size : begin + kBlock;
    vertical_pass<kWidth>(source, image.stride, values, down, begin, end, scratch, transposed);
    switch (padded(end - begin) / 16) {
      case 1:
        horizontal_pass<kWidth, 1>(transposed, across, begin, columns);
        break;
      case 2:
        horizontal_pass<kWidth, 2>(transposed, across, begin, columns);
        break;
      case 3:
        horizontal_pass<kWidth, 3>(transposed, across, begin, columns);
        break;
      default:
        horizontal_pass<kWidth, 4>(transposed, across, begin, columns);
    }
  }
}

}  // namespace simclr
