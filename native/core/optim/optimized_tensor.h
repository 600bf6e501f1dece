// What an optimizer updates.
#pragma once

#include <ATen/Tensor.h>

#include <string>

#include "core/nn/parameters.h"

namespace simclr {

/// One weight and where its gradient will be, same shape, layout and type. `momentum`: the buffer of LARS and
/// SGD, Adam's first moment; `second_moment`: Adam's alone. Undefined: the optimizer makes them of zeros.
struct OptimizedTensor {
  std::string name;
  at::Tensor weight;
  at::Tensor gradient;
  Exclusion exclusion;
  at::Tensor momentum;
  at::Tensor second_moment;
  double lr_scale = 1;  ///< times the learning rate of a step: its own
};

}  // namespace simclr
