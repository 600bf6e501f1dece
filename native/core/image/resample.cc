#include "core/image/resample.h"

#include <algorithm>
#include <cmath>

namespace simclr {
namespace {

void round_to_levels(FloatImage& image) {
  for (float& value : image.data) value = std::clamp(std::floor(value + 0.5f), 0.0f, 255.0f);
}

}  // namespace

ResampleAxis::ResampleAxis(Resampling kind, int in, int out)
    : taps_(max_taps(kind, in, out)), first_(out), count_(out), weights_(static_cast<size_t>(out) * taps_) {
  for (int i = 0; i < out; ++i) {
    count_[i] =
        resample_weights(kind, in, out, i, &first_[i], weights_.data() + static_cast<size_t>(i) * taps_);
  }
}

FloatImage crop_resize(const FloatImage& image, const Box& box, int width, int height, Resampling kind,
                       bool round_levels) {
  const ResampleAxis horizontal(kind, box.width, width);
  const ResampleAxis vertical(kind, box.height, height);
  const int channels = image.channels;

  FloatImage rows(width, box.height, channels);
  for (int y = 0; y < box.height; ++y) {
    for (int x = 0; x < width; ++x) {
      const float* weights = horizontal.weights(x);
      for (int c = 0; c < channels; ++c) {
        float sum = 0;
        for (int k = 0; k < horizontal.count(x); ++k) {
          sum += weights[k] * image.at(box.x + horizontal.first(x) + k, box.y + y)[c];
        }
        rows.at(x, y)[c] = sum;
      }
    }
  }
  if (round_levels) round_to_levels(rows);

  FloatImage out(width, height, channels);
  for (int y = 0; y < height; ++y) {
    const float* weights = vertical.weights(y);
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < channels; ++c) {
        float sum = 0;
        for (int k = 0; k < vertical.count(y); ++k) sum += weights[k] * rows.at(x, vertical.first(y) + k)[c];
        out.at(x, y)[c] = sum;
      }
    }
  }
  if (round_levels) round_to_levels(out);
  return out;
}

}  // namespace simclr
