// What an optimizer updates.
#pragma once

#include <ATen/Tensor.h>

#include <string>

namespace simclr {

/// One weight and where its gradient will be, same shape, layout and type. `excluded`: BN, biases, the linear
/// head. `momentum`: the buffer of LARS and SGD, Adam's first moment; `second_moment`: Adam's alone.
/// Undefined: the optimizer makes them of zeros.
struct OptimizedTensor {
  std::string name;
  at::Tensor weight;
  at::Tensor gradient;
  bool excluded;
  at::Tensor momentum;
  at::Tensor second_moment;
};

}  // namespace simclr
