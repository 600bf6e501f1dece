// From columns to rows of interleaved channels, with the last operators of every value on the way.
#pragma once

#include <cstdint>

#include "core/augment/parameters.h"
#include "core/image/color.h"
#include "core/image/lanes.h"

namespace simclr {

namespace fused {

/// What happens to every value on its way out: clip, solarize, scale and shift of its channel.
struct Last {
  bool solarize = false;
  float threshold = 0;
  float scale[3] = {1, 1, 1};
  float shift[3] = {0, 0, 0};
};

inline Last last_steps(const Plan& plan, const ViewParameters& view) {
  Last last;
  last.solarize = view.solarize;
  if (view.solarize) last.threshold = plan.solarize->threshold;
  for (int c = 0; plan.normalize && c < 3; ++c) {
    last.scale[c] = 1 / plan.normalize->std[c];
    last.shift[c] = -plan.normalize->mean[c] / plan.normalize->std[c];
  }
  return last;
}

template <class T>
SIMCLR_INLINE T finished(T x, const Last& last) {
  x = clip01(x);
  return last.solarize ? solarize(x, last.threshold) : x;
}

/// One by one: what no tile covers.
template <int kChannels>
SIMCLR_INLINE void store_singly(const float* from, int stride, int values, int rows, const Last& last,
                                float* out, int64_t pitch) {
  for (int i = 0; i < values; ++i, from += stride) {
    for (int y = 0; y < rows; ++y) {
      const float x = finished(from[y], last);
      if constexpr (kChannels == 3) {
        out[y * pitch + i] = x * last.scale[i % 3] + last.shift[i % 3];
      } else {
        for (int c = 0; c < 3; ++c) out[y * pitch + 3 * i + c] = x * last.scale[c] + last.shift[c];
      }
    }
  }
}

/// A tile of kWidth x kWidth values, the first of channel kPhase.
template <int kWidth, int kPhase>
SIMCLR_INLINE void store_color_tile(const float* from, int stride, const Last& last, float* out,
                                    int64_t pitch) {
  Lanes<kWidth> tile[kWidth];
  for (int i = 0; i < kWidth; ++i) {
    const int c = (kPhase + i) % 3;
    tile[i] = finished(load<kWidth>(from + i * stride), last) * last.scale[c] + last.shift[c];
  }
  transpose<kWidth>(tile);
  for (int y = 0; y < kWidth; ++y) store(out + y * pitch, tile[y]);
}

/// A tile of kWidth x kWidth grey values; each is stored three times.
template <int kWidth>
SIMCLR_INLINE void store_gray_tile(const float* from, int stride, const Last& last, float* out,
                                   int64_t pitch) {
  Lanes<kWidth> tile[kWidth];
  for (int i = 0; i < kWidth; ++i) tile[i] = finished(load<kWidth>(from + i * stride), last);
  transpose<kWidth>(tile);
  for (int y = 0; y < kWidth; ++y, out += pitch) {
    store(out,
          thrice<0, kWidth>(tile[y]) * repeated<0, kWidth>(last.scale) + repeated<0, kWidth>(last.shift));
    store(out + kWidth,
          thrice<1, kWidth>(tile[y]) * repeated<1, kWidth>(last.scale) + repeated<1, kWidth>(last.shift));
    store(out + 2 * kWidth,
          thrice<2, kWidth>(tile[y]) * repeated<2, kWidth>(last.scale) + repeated<2, kWidth>(last.shift));
  }
}

template <int kWidth, int kChannels>
SIMCLR_INLINE void store_tile(int value, const float* from, int stride, const Last& last, float* out,
                              int64_t pitch) {
  if constexpr (kChannels == 1) {
    store_gray_tile<kWidth>(from, stride, last, out, pitch);
  } else {
    switch (value % 3) {
      case 0:
        return store_color_tile<kWidth, 0>(from, stride, last, out, pitch);
      case 1:
        return store_color_tile<kWidth, 1>(from, stride, last, out, pitch);
      default:
        return store_color_tile<kWidth, 2>(from, stride, last, out, pitch);
    }
  }
}

}  // namespace fused

/// `columns` whole columns of `rows` rows, [column][channel][stride], to `out`: row y at y * pitch floats,
/// three channels a pixel.
template <int kWidth, int kChannels>
SIMCLR_INLINE void store_columns(const float* from, int stride, int columns, int rows,
                                 const fused::Last& last, float* out, int64_t pitch) {
  constexpr int kSpread = 3 / kChannels;  // floats stored for a value
  const int values = kChannels * columns;
  const int tiled_values = values / kWidth * kWidth, tiled_rows = rows / kWidth * kWidth;
  for (int i = 0; i < tiled_values; i += kWidth) {
    for (int y = 0; y < tiled_rows; y += kWidth) {
      fused::store_tile<kWidth, kChannels>(i, from + i * stride + y, stride, last,
                                           out + y * pitch + kSpread * i, pitch);
    }
  }
  if (tiled_rows < rows) {
    fused::store_singly<kChannels>(from + tiled_rows, stride, values, rows - tiled_rows, last,
                                   out + tiled_rows * pitch, pitch);
  }
  if (tiled_values < values) {  // from a whole pixel on, so that channels stay right
    const int begin = tiled_values / kChannels * kChannels;
    fused::store_singly<kChannels>(from + static_cast<int64_t>(begin) * stride, stride, values - begin,
                                   tiled_rows, last, out + kSpread * begin, pitch);
  }
}

}  // namespace simclr
