// What LARS and SGD have in common: tensors to update, one momentum buffer each, a step.
#pragma once

#include <ATen/ATen.h>

#include <functional>
#include <memory>
#include <vector>

#include "core/models/spec.h"
#include "core/optim/chunks.h"
#include "core/optim/fused_update.h"
#include "core/optim/optimized_tensor.h"
#include "core/team.h"

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

class Optimizer {
 public:
  Optimizer(const OptimizerSpec& spec, std::vector<OptimizedTensor> tensors);
  virtual ~Optimizer() = default;

  /// Of the steps that follow.
  void set_lr(double lr);

  /// Updates every weight in place from its gradient. No allocation, no reading back from the device.
  /// On the CPU, and there alone, tensors are dealt to `team`, and `updated(tensor)` is called by whoever has
  /// updated one, while it is near.
  void step(const Team& team, const std::function<void(size_t tensor)>& updated);

  /// Whether `step` can be recorded: kernels of the device read the learning rate there.
  bool recordable() const { return fused_ != nullptr; }

  const std::vector<OptimizedTensor>& tensors() const { return tensors_; }
  /// Momentum buffers in the order of `tensors()`; zeros before the first step, which makes it the first
  /// gradient.
  const std::vector<at::Tensor>& momentum() const { return momentum_; }

 protected:
  /// The step of a group of tensors on the CPU; groups are updated by several threads at once.
  virtual void update_group(const Chunks::Group& group, double lr) = 0;
  /// The whole step on a device that has no kernels for it, in tensor operations.
  virtual void update_tensors(double lr) = 0;

  const OptimizerSpec spec_;
  std::vector<OptimizedTensor> tensors_;
  std::vector<at::Tensor> momentum_;
  const Chunks chunks_;

 private:
  double lr_ = 0;
  std::unique_ptr<FusedUpdate> fused_;  ///< null: none for these tensors
};

std::unique_ptr<Optimizer> make_optimizer(const OptimizerSpec& spec, std::vector<OptimizedTensor> tensors);

}  // namespace simclr
