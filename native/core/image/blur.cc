#include "core/image/blur.h"

#include <cmath>

namespace simclr {

std::vector<float> gaussian_weights(int kernel, float sigma) {
  const int radius = kernel / 2;
  std::vector<float> weights(kernel);
  float sum = 0;
  for (int t = -radius; t <= radius; ++t) {
    const float x = static_cast<float>(t) / sigma;
    weights[t + radius] = std::exp(-0.5f * x * x);
    sum += weights[t + radius];
  }
  for (float& weight : weights) weight /= sum;
  return weights;
}

FloatImage gaussian_blur(const FloatImage& image, int kernel, float sigma, Padding padding) {
  const std::vector<float> weights = gaussian_weights(kernel, sigma);
  const int radius = kernel / 2;
  const int width = image.width, height = image.height, channels = image.channels;
  // Where position `at` of an axis of `length` is read, -1 for a padding zero.
  const auto source = [padding](int at, int length) {
    if (at >= 0 && at < length) return at;
    if (padding == Padding::kZero) return -1;
    return at < 0 ? -at : 2 * (length - 1) - at;
  };
  FloatImage rows(width, height, channels);
  FloatImage out(width, height, channels);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int k = 0; k < kernel; ++k) {
        const int from = source(x + k - radius, width);
        if (from < 0) continue;
        for (int c = 0; c < channels; ++c) rows.at(x, y)[c] += weights[k] * image.at(from, y)[c];
      }
    }
  }
  for (int y = 0; y < height; ++y) {
    for (int k = 0; k < kernel; ++k) {
      const int from = source(y + k - radius, height);
      if (from < 0) continue;
      for (int x = 0; x < width; ++x) {
        for (int c = 0; c < channels; ++c) out.at(x, y)[c] += weights[k] * rows.at(x, from)[c];
      }
    }
  }
  return out;
}

}  // namespace simclr
