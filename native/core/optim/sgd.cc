#include "core/optim/sgd.h"

#include <ATen/Dispatch.h>

namespace simclr {

Sgd::Sgd(const OptimizerSpec& spec, std::vector<OptimizedTensor> tensors)
    : Optimizer(spec, std::move(tensors)) {}

void Sgd::update_group(const Chunks::Group& group, double lr) {
  const MomentumOptions options{spec_.momentum, spec_.nesterov};
  AT_DISPATCH_FLOATING_TYPES(tensors_[0].weight.scalar_type(), "sgd", [&] {
    for (size_t i = group.begin; i < group.end; ++i) {
      const size_t tensor = chunks_[i].tensor;
      torch_update(chunks_.slice<scalar_t>(i, tensors_), decay(tensor), 1, own_lr(tensor, lr), options);
    }
  });
}

void Sgd::update_tensors(double lr) {
  for (size_t t = 0; t < tensors_.size(); ++t) {
    at::Tensor weight = tensors_[t].weight, momentum = tensors_[t].momentum;
    const at::Tensor step = at::add(tensors_[t].gradient, weight, decay(t));
    momentum.mul_(spec_.momentum).add_(step);
    weight.add_(spec_.nesterov ? at::add(step, momentum, spec_.momentum) : momentum, -own_lr(t, lr));
  }
}

}  // namespace simclr
