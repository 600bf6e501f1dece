// Initial values, a function of (seed, parameter name): neither build order nor thread count changes them.
#pragma once

#include <ATen/ATen.h>

#include <string>

#include "core/convention.h"

namespace simclr {

/// Convolution kernel OIHW. paper: truncated normal (2 sigma), variance 1/fan_in (tf2/resnet.py, Keras'
/// VarianceScaling). torch: Kaiming normal, fan_out, ReLU gain (torchvision models/resnet.py).
at::Tensor conv_kernel(at::IntArrayRef shape, Convention convention, uint64_t seed, const std::string& name);

/// Dense kernel [out, in]. paper: N(0, 0.01) (tf2/model.py). torch: nn.Linear's U(-1/sqrt(in), 1/sqrt(in)).
at::Tensor dense_kernel(int64_t out, int64_t in, Convention convention, uint64_t seed,
                        const std::string& name);

}  // namespace simclr
