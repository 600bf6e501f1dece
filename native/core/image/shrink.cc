#include "core/image/shrink.h"

#include <algorithm>
#include <cmath>

#include "core/augment/fused/resample_columns.h"
#include "core/image/vector_sets.h"

namespace simclr {
namespace {

constexpr Resampling kKernel = Resampling::kKeysAntialias;
/// A weight's steps to 1. A level times weights, of which no sum exceeds 1.5, stays below 2^24 of them.
constexpr int kSteps = 1 << 14;

/// The weights of an axis of `whole` pixels, of which there are `in` larger ones, rounded to steps; what is
/// left to 1 goes to the largest.
fused::Axis rounded_axis(int whole, int by, int in, int out, Scratch<int>& indices, Scratch<float>& weights) {
  fused::Axis axis;
  axis.taps = max_taps(kKernel, in, out);
  axis.first = indices.get(2 * static_cast<size_t>(out));
  axis.count = axis.first + out;
  axis.weights = weights.get(static_cast<size_t>(out) * axis.taps);
  const float scale = static_cast<float>(whole) / static_cast<float>(by) / static_cast<float>(out);
  for (int i = 0; i < out; ++i) {
    float* mine = axis.weights + static_cast<size_t>(i) * axis.taps;
    axis.count[i] = resample_weights_at(kKernel, scale, in, i, &axis.first[i], mine);
    float* const end = mine + axis.count[i];
    float rest = kSteps;
    for (float* weight = mine; weight < end; ++weight) {
      *weight = std::rint(*weight * kSteps);
      rest -= *weight;
    }
    *std::max_element(mine, end) += rest;
    for (float* weight = mine; weight < end; ++weight) *weight /= kSteps;
  }
  return axis;
}

SIMCLR_INLINE void round_levels(float* values, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    const float low = values[i] > 0 ? values[i] : 0;
    values[i] = static_cast<float>(static_cast<int>((low < 255 ? low : 255) + 0.5f));
  }
}

template <int kWidth>
SIMCLR_INLINE void shrink_with(const Reduced& reduced, ImageSize size, uint8_t* out) {
  using namespace fused;  // NOLINT: as in the header
  const ImageView& image = reduced.pixels;
  ResampleScratch scratch;
  Scratch<float> memory;
  const Axis down = rounded_axis(reduced.whole.height, reduced.by, image.height, size.height,
                                 scratch.indices[0], scratch.weights[0]);
  const Axis across = rounded_axis(reduced.whole.width, reduced.by, image.width, size.width,
                                   scratch.indices[1], scratch.weights[1]);
  const int channels = image.channels, values = image.width * channels;
  float* transposed = scratch.transposed.get(static_cast<size_t>(values + kStrip) * kBlock);
  // A block of rows as columns of kBlock pixels.
  Columns block;
  block.size = size.width;
  block.channels = channels;
  block.stride = kBlock;
  const int64_t block_floats = static_cast<int64_t>(size.width) * block.column_floats();
  block.data = memory.get(block_floats);
  const int64_t row = static_cast<int64_t>(size.width) * channels;
  for (int begin = 0; begin < size.height; begin += kBlock) {
    const int rows = std::min(kBlock, size.height - begin);
    vertical_pass<kWidth>(image.data, image.stride, values, down, begin, begin + rows, scratch, transposed);
    round_levels(transposed, static_cast<int64_t>(values) * kBlock);
    horizontal_pass<kWidth, kBlock / 16>(transposed, across, 0, block);
    round_levels(block.data, block_floats);
    const float* from = block.data;
    for (int64_t value = 0; value < row; ++value, from += kBlock) {
      uint8_t* to = out + begin * row + value;
      for (int y = 0; y < rows; ++y, to += row) *to = static_cast<uint8_t>(from[y]);
    }
  }
}

SIMCLR_AVX512 void shrink_avx512(const Reduced& image, ImageSize size, uint8_t* out) {
  shrink_with<kAvx512Width>(image, size, out);
}

SIMCLR_AVX2 void shrink_avx2(const Reduced& image, ImageSize size, uint8_t* out) {
  shrink_with<kAvx2Width>(image, size, out);
}

void shrink_anywhere(const Reduced& image, ImageSize size, uint8_t* out) {
  shrink_with<kAnyWidth>(image, size, out);
}

}  // namespace

const std::vector<ShrinkPath>& shrink_paths() {
  static const auto paths = vector_paths<ShrinkPath>(shrink_avx512, shrink_avx2, shrink_anywhere);
  return paths;
}

ImageSize shrunk_size(ImageSize size, int shorter_side) {
  const int shorter = std::min(size.width, size.height);
  if (shorter_side <= 0 || shorter <= shorter_side) return size;
  const auto scaled = [&](int side) {
    return static_cast<int>(std::rint(static_cast<double>(side) * shorter_side / shorter));
  };
  return {scaled(size.width), scaled(size.height)};
}

Pixels shrink(const Reduced& image, ImageSize size) {
  Pixels pixels = make_pixels(size.width, size.height, image.pixels.channels);
  shrink_paths().front().run(image, size, pixels.data.get());
  return pixels;
}

}  // namespace simclr
