// Gaussian blur with a fixed number of taps.
#pragma once

#include <vector>

#include "core/augment/plan.h"
#include "core/image/float_image.h"

namespace simclr {

/// exp(-t^2 / 2 sigma^2) for t = -kernel/2 .. kernel/2, normalised to sum 1. `kernel` is odd.
std::vector<float> gaussian_weights(int kernel, float sigma);

/// Separable blur. Zero padding darkens the borders (google-research/simclr data_util.py gaussian_blur: a
/// depthwise convolution with SAME padding); reflection leaves the edge pixel out (torchvision gaussian_blur)
/// and needs kernel / 2 < width, height.
FloatImage gaussian_blur(const FloatImage& image, int kernel, float sigma, Padding padding);

}  // namespace simclr
