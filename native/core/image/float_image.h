// An image of floats, for the plain path: operators one by one, each over the whole image.
#pragma once

#include <cstddef>
#include <vector>

#include "core/image/image_view.h"

namespace simclr {

/// Rows of interleaved channels.
struct FloatImage {
  int width = 0;
  int height = 0;
  int channels = 3;
  std::vector<float> data;

  FloatImage() = default;
  FloatImage(int width, int height, int channels)
      : width(width),
        height(height),
        channels(channels),
        data(static_cast<size_t>(width) * height * channels) {}

  float* at(int x, int y) { return data.data() + (static_cast<size_t>(y) * width + x) * channels; }
  const float* at(int x, int y) const {
    return data.data() + (static_cast<size_t>(y) * width + x) * channels;
  }
};

/// Bytes / 255.
inline FloatImage to_float(const ImageView& image) {
  FloatImage out(image.width, image.height, image.channels);
  for (int y = 0; y < image.height; ++y) {
    const uint8_t* row = image.data + y * image.stride;
    float* to = out.at(0, y);
    for (int i = 0; i < image.width * image.channels; ++i) to[i] = static_cast<float>(row[i]) / 255.0f;
  }
  return out;
}

}  // namespace simclr
