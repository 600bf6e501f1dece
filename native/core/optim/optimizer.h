// What LARS and SGD have in common: tensors to update, one momentum buffer each, a step.
#pragma once

#include <ATen/ATen.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/models/spec.h"

namespace simclr {

struct OptimizerSpec {
  enum class Name { lars, sgd };
  Name name = Name::lars;
  Convention convention = Convention::kPaper;  ///< LARS: paper or lightly's form
  double momentum = 0.9;
  bool nesterov = false;
  double weight_decay = 0;
  double trust_coefficient = 0.001;  ///< LARS
  bool classic_momentum = true;      ///< LARS, paper: lr inside the buffer
  double epsilon = 1e-8;             ///< LARS, torch
  bool decay_all = false;            ///< SGD: decay BN and biases too
};

/// One weight and where its gradient will be, same shape, layout and type. `excluded`: BN, biases, the linear
/// head. `momentum`: where the buffer is; undefined: the optimizer makes one of zeros.
struct OptimizedTensor {
  std::string name;
  at::Tensor weight;
  at::Tensor gradient;
  bool excluded;
  at::Tensor momentum;
};

class Optimizer {
 public:
  explicit Optimizer(std::vector<OptimizedTensor> tensors) : tensors_(std::move(tensors)) {
    for (const OptimizedTensor& tensor : tensors_)
      momentum_.push_back(tensor.momentum.defined() ? tensor.momentum : at::zeros_like(tensor.weight));
  }
  virtual ~Optimizer() = default;

  /// Updates every weight in place from its gradient. No allocation, no reading back from the device.
  virtual void step(double lr) = 0;

  const std::vector<OptimizedTensor>& tensors() const { return tensors_; }
  /// Momentum buffers in the order of `tensors()`; zeros before the first step, which makes it the first
  /// gradient.
  const std::vector<at::Tensor>& momentum() const { return momentum_; }

 protected:
  std::vector<OptimizedTensor> tensors_;
  std::vector<at::Tensor> momentum_;
};

std::unique_ptr<Optimizer> make_optimizer(const OptimizerSpec& spec, std::vector<OptimizedTensor> tensors);

}  // namespace simclr
