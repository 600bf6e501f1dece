// Crop and resize, plainly: one axis after the other in float.
#pragma once

#include <vector>

#include "core/augment/crop.h"
#include "core/image/float_image.h"
#include "core/image/resample_weights.h"

namespace simclr {

/// The weights of a whole axis.
class ResampleAxis {
 public:
  ResampleAxis(Resampling kind, int in, int out);

  int first(int i) const { return first_[i]; }
  int count(int i) const { return count_[i]; }
  const float* weights(int i) const { return weights_.data() + static_cast<size_t>(i) * taps_; }

 private:
  int taps_;
  std::vector<int> first_;
  std::vector<int> count_;
  std::vector<float> weights_;
};

/// `box` of the image resized to width x height; pixels outside the box are not looked at. Horizontal first.
/// Values are not clipped: cubic kernels overshoot. With `round_levels` the values are levels 0 .. 255 and
/// are rounded and clipped after each axis, as torch's 8-bit path does.
FloatImage crop_resize(const FloatImage& image, const Box& box, int width, int height, Resampling kind,
                       bool round_levels = false);

}  // namespace simclr
