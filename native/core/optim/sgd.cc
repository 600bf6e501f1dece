#include "core/optim/sgd.h"

namespace simclr {

Sgd::Sgd(const OptimizerSpec& spec, std::vector<OptimizedTensor> tensors)
    : Optimizer(spec, std::move(tensors)), chunks_(tensors_) {}

double Sgd::decay(size_t tensor) const {
  return tensors_[tensor].excluded && !spec_.decay_all ? 0 : spec_.weight_decay;
}

void Sgd::update(double lr) {
  const MomentumOptions options{spec_.momentum, spec_.nesterov};
  if (tensors_[0].weight.is_cpu()) {
    AT_DISPATCH_FLOATING_TYPES(tensors_[0].weight.scalar_type(), "sgd", [&] {
      chunks_.each<scalar_t>(tensors_, momentum_,
                             [&](int64_t, const Chunks::Chunk& chunk, const auto& slice) {
                               torch_update(slice, decay(chunk.tensor), 1, lr, options);
                             });
    });
    return;
  }
  for (size_t t = 0; t < tensors_.size(); ++t) {
    at::Tensor weight = tensors_[t].weight, momentum = momentum_[t];
    const at::Tensor step = at::add(tensors_[t].gradient, weight, decay(t));
    momentum.mul_(spec_.momentum).add_(step);
    weight.add_(spec_.nesterov ? at::add(step, momentum, spec_.momentum) : momentum, -lr);
  }
}

}  // namespace simclr
