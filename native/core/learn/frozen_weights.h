// Weights of a network that is only used: in the computing precision, without gradients.
#pragma once

#include <vector>

#include "core/learn/precision.h"
#include "core/nn/parameters.h"

namespace simclr {

/// Gives `parameters` the values of `tensors`, strict, and moves them to `device`; returns them by parameter
/// index, as Context wants them. Throws ERR_SIMCLR_INCOMPATIBLE_WEIGHTS, also for values that are not finite.
std::vector<at::Tensor> frozen_weights(Parameters& parameters, const std::vector<NamedTensor>& tensors,
                                       Precision precision, at::Device device);

}  // namespace simclr
