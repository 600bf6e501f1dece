// What an optimizer updates.
#pragma once

#include <ATen/Tensor.h>

#include <string>

namespace simclr {

/// One weight and where its gradient will be, same shape, layout and type. `excluded`: BN, biases, the linear
/// head. `momentum`: where the buffer is; undefined: the optimizer makes one of zeros.
struct OptimizedTensor {
  std::string name;
  at::Tensor weight;
  at::Tensor gradient;
  bool excluded;
  at::Tensor momentum;
};

}  // namespace simclr
