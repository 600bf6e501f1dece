#include "core/optim/adam.h"

#include <ATen/Dispatch.h>

#include "core/optim/adam_kernels.h"

namespace simclr {

AdamOptions adam_options(const OptimizerSpec& spec) {
  return {spec.beta1,
          spec.beta2,
          spec.epsilon,
          spec.weight_decay,
          spec.name == OptimizerSpec::Name::adamw,
          spec.convention == Convention::kTorch};
}

Adam::Adam(const OptimizerSpec& spec, std::vector<OptimizedTensor> tensors)
    : Optimizer(spec, std::move(tensors)), options_(adam_options(spec)) {}

void Adam::begin_step(double lr) {
  double& count = *steps().data_ptr<double>();
  step_ = adam_step(++count, lr, options_);
}

void Adam::update_group(const Chunks::Group& group, double lr) {
  AT_DISPATCH_FLOATING_TYPES(tensors_[0].weight.scalar_type(), "adam", [&] {
    for (size_t i = group.begin; i < group.end; ++i) {
      const size_t tensor = chunks_[i].tensor;
      adam_update(chunks_.slice<scalar_t>(i, tensors_),
                  adam_factors<scalar_t>(step_, lr, tensors_[tensor].lr_scale, decay(tensor), options_));
    }
  });
}

/// Any device, in tensor operations: the count and what follows from it stay on the device.
void Adam::update_tensors(double lr) {
  at::Tensor count = steps();
  count.add_(1);
  const at::Tensor root = (1 - at::pow(options_.beta2, count)).sqrt_();
  const at::Tensor rate = lr / (1 - at::pow(options_.beta1, count));
  const at::Tensor epsilon =
      options_.epsilon_last ? at::full_like(root, options_.epsilon) : options_.epsilon / root;
  for (size_t t = 0; t < tensors_.size(); ++t) {
    at::Tensor weight = tensors_[t].weight, first = tensors_[t].momentum, second = tensors_[t].second_moment;
    const at::Tensor gradient =
        options_.decoupled ? tensors_[t].gradient : at::add(tensors_[t].gradient, weight, decay(t));
    if (options_.decoupled) weight.mul_(1 - own_lr(t, lr) * decay(t));
    first.lerp_(gradient, 1 - options_.beta1);
    second.mul_(options_.beta2).addcmul_(gradient, gradient, 1 - options_.beta2);
    weight.sub_(first * rate * tensors_[t].lr_scale / (second.sqrt().div_(root).add_(epsilon)));
  }
}

}  // namespace simclr
