// From columns to rows of interleaved channels, with the last operators of every value on the way. Where the
// view is transposed, columns become its rows.
#pragma once

#include <cstdint>

#include "core/augment/orientation.h"
#include "core/augment/parameters.h"
#include "core/image/color.h"
#include "core/image/lanes.h"

namespace simclr {

namespace fused {

/// What happens to every value on its way out: clip, solarize, scale and shift of its channel; and where to.
struct Last {
  bool solarize = false;
  float threshold = 0;
  float scale[3] = {1, 1, 1};
  float shift[3] = {0, 0, 0};
  bool transposed = false;
};

/// Which part of a view: columns x .. x+columns-1, of these rows y .. y+rows-1.
struct Part {
  int x, columns, y, rows;
};

inline Last last_steps(const Plan& plan, const ViewParameters& view) {
  Last last;
  last.solarize = view.solarize;
  if (view.solarize) last.threshold = plan.solarize->threshold;
  for (int c = 0; plan.normalize && c < 3; ++c) {
    last.scale[c] = 1 / plan.normalize->std[c];
    last.shift[c] = -plan.normalize->mean[c] / plan.normalize->std[c];
  }
  last.transposed = orientation(view).transposed;
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

/// Grey values, each stored three times.
template <int kWidth>
SIMCLR_INLINE void store_gray(Lanes<kWidth> value, const Last& last, float* out) {
  store(out, thrice<0, kWidth>(value) * repeated<0, kWidth>(last.scale) + repeated<0, kWidth>(last.shift));
  store(out + kWidth,
        thrice<1, kWidth>(value) * repeated<1, kWidth>(last.scale) + repeated<1, kWidth>(last.shift));
  store(out + 2 * kWidth,
        thrice<2, kWidth>(value) * repeated<2, kWidth>(last.scale) + repeated<2, kWidth>(last.shift));
}

/// A tile of kWidth x kWidth grey values.
template <int kWidth>
SIMCLR_INLINE void store_gray_tile(const float* from, int stride, const Last& last, float* out,
                                   int64_t pitch) {
  Lanes<kWidth> tile[kWidth];
  for (int i = 0; i < kWidth; ++i) tile[i] = finished(load<kWidth>(from + i * stride), last);
  transpose<kWidth>(tile);
  for (int y = 0; y < kWidth; ++y) store_gray<kWidth>(tile[y], last, out + y * pitch);
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

/// kWidth pixels of one column, side by side.
template <int kWidth, int kChannels>
SIMCLR_INLINE void store_run(const float* from, int stride, const Last& last, float* out) {
  if constexpr (kChannels == 1) {
    store_gray<kWidth>(finished(load<kWidth>(from), last), last, out);
  } else {
    Lanes<kWidth> channel[3];
    for (int c = 0; c < 3; ++c)
      channel[c] = finished(load<kWidth>(from + c * stride), last) * last.scale[c] + last.shift[c];
    store(out, zipped<0, kWidth>(channel[0], channel[1], channel[2]));
    store(out + kWidth, zipped<1, kWidth>(channel[0], channel[1], channel[2]));
    store(out + 2 * kWidth, zipped<2, kWidth>(channel[0], channel[1], channel[2]));
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

/// The same as rows of a transposed view: column x at x * pitch floats.
template <int kWidth, int kChannels>
SIMCLR_INLINE void store_transposed(const float* from, int stride, int columns, int rows,
                                    const fused::Last& last, float* out, int64_t pitch) {
  constexpr int kNext = kChannels == 3 ? 1 : 0;  // whether a pixel's channels lie apart
  for (int x = 0; x < columns; ++x, from += kChannels * stride, out += pitch) {
    int y = 0;
    for (; y + kWidth <= rows; y += kWidth)
      fused::store_run<kWidth, kChannels>(from + y, stride, last, out + 3 * y);
    for (; y < rows; ++y) {
      for (int c = 0; c < 3; ++c)
        out[3 * y + c] = fused::finished(from[c * kNext * stride + y], last) * last.scale[c] + last.shift[c];
    }
  }
}

/// Part of a view, its columns' channels `stride` floats apart, to its place in `out`, whose rows are `pitch`
/// floats apart.
template <int kWidth>
SIMCLR_INLINE void store_part(const float* from, int stride, int channels, const fused::Part& part,
                              const fused::Last& last, float* out, int64_t pitch) {
  if (last.transposed) {
    float* to = out + part.x * pitch + 3 * part.y;
    if (channels == 3)
      return store_transposed<kWidth, 3>(from, stride, part.columns, part.rows, last, to, pitch);
    return store_transposed<kWidth, 1>(from, stride, part.columns, part.rows, last, to, pitch);
  }
  float* to = out + part.y * pitch + 3 * part.x;
  if (channels == 3) return store_columns<kWidth, 3>(from, stride, part.columns, part.rows, last, to, pitch);
  return store_columns<kWidth, 1>(from, stride, part.columns, part.rows, last, to, pitch);
}

}  // namespace simclr
