// What all optimizers have in common: tensors to update, their buffers, a step.
#pragma once

#include <ATen/ATen.h>

#include <functional>
#include <memory>
#include <vector>

#include "core/convention.h"
#include "core/nn/parameters.h"
#include "core/optim/chunks.h"
#include "core/optim/fused_update.h"
#include "core/optim/optimized_tensor.h"
#include "core/team.h"

namespace simclr {

struct OptimizerSpec {
  enum class Name { lars, sgd, adam, adamw };
  Name name = Name::lars;
  Convention convention = Convention::kPaper;  ///< LARS: paper or lightly's form; Adam: tf.keras's or torch's
  double momentum = 0.9;                       ///< LARS, SGD
  bool nesterov = false;                       ///< LARS, SGD
  double weight_decay = 0;
  double trust_coefficient = 0.001;  ///< LARS
  bool classic_momentum = true;      ///< LARS, paper: lr inside the buffer
  double epsilon = 1e-8;             ///< LARS, torch; Adam
  bool decay_all = false;            ///< SGD, Adam: decay BN and biases too
  double beta1 = 0.9;                ///< Adam: share of the first moment that stays
  double beta2 = 0.999;              ///< Adam: of the second

  bool is_adam() const { return name == Name::adam || name == Name::adamw; }

  /// Whether a tensor decays in the update: with LARS what it adapts, else all but BN and biases, which
  /// `decay_all` takes in.
  bool decays(const OptimizedTensor& tensor) const {
    if (name == Name::lars) return tensor.exclusion == Exclusion::kNone;
    return decay_all || tensor.exclusion != Exclusion::kAll;
  }
};

class Optimizer {
 public:
  Optimizer(const OptimizerSpec& spec, std::vector<OptimizedTensor> tensors);
  virtual ~Optimizer() = default;

  /// Of the steps that follow.
  void set_lr(double lr);

  /// Updates every weight in place from its gradient. No reading back from the device; on the CPU and in the
  /// device's own kernels no allocation.
  /// On the CPU, and there alone, tensors are dealt to `team`, and `updated(tensor)` is called by whoever has
  /// updated one, while it is near.
  void step(const Team& team, const std::function<void(size_t tensor)>& updated);

  /// Whether `step` can be recorded: kernels of the device read the learning rate there.
  bool recordable() const { return fused_ != nullptr; }

  const std::vector<OptimizedTensor>& tensors() const { return tensors_; }

  /// Steps done, a double on the weights' device; undefined where nothing depends on it (LARS, SGD).
  const at::Tensor& steps() const { return steps_; }

  /// All that goes on from step to step, the very tensors, under the names that checkpoints have: a momentum
  /// buffer has its weight's; Adam's are those of torch.optim, `<weight>.exp_avg`, `<weight>.exp_avg_sq` and
  /// one `step`. Zeros before the first step; a momentum buffer becomes the first gradient then.
  std::vector<NamedTensor> state() const;

 protected:
  /// On the CPU, once before the groups of a step.
  virtual void begin_step(double lr) {}
  /// The step of a group of tensors on the CPU; groups are updated by several threads at once.
  virtual void update_group(const Chunks::Group& group, double lr) = 0;
  /// The whole step on a device that has no kernels for it, in tensor operations.
  virtual void update_tensors(double lr) = 0;

  /// Of this tensor.
  double decay(size_t tensor) const;
  /// Its own, of a step's `lr`.
  double own_lr(size_t tensor, double lr) const { return lr * tensors_[tensor].lr_scale; }

  const OptimizerSpec spec_;
  const std::vector<OptimizedTensor> tensors_;
  const Chunks chunks_;

 private:
  double lr_ = 0;
  at::Tensor steps_;
  std::unique_ptr<FusedUpdate> fused_;  ///< null: none for these tensors
};

std::unique_ptr<Optimizer> make_optimizer(const OptimizerSpec& spec, std::vector<OptimizedTensor> tensors);

}  // namespace simclr
