#include "core/optim/lars.h"

#include <ATen/Dispatch.h>

#include <cmath>

#include "core/optim/lars_math.h"

namespace simclr {

Lars::Lars(const OptimizerSpec& spec, std::vector<OptimizedTensor> tensors)
    : Optimizer(spec, std::move(tensors)), chunk_squares_(chunks_.size()), rates_(tensors_.size()) {}

void Lars::update_group(const Chunks::Group& group, double lr) {
  AT_DISPATCH_FLOATING_TYPES(tensors_[0].weight.scalar_type(), "lars",
                             [&] { update_group_of<scalar_t>(group, lr); });
}

double Lars::rate(size_t tensor, const Squares& squares, double lr) const {
  const double weight = std::sqrt(squares.weight), gradient = std::sqrt(squares.gradient);
  const bool excluded = tensors_[tensor].exclusion != Exclusion::kNone;
  if (spec_.convention == Convention::kPaper)
    return excluded ? lr : lr * paper_trust(weight, gradient, spec_.trust_coefficient);
  return torch_factor(weight, gradient, spec_.weight_decay, spec_.trust_coefficient, spec_.epsilon);
}

/// Two passes: norms (the popular form moves its buffers on the way), then the update, backwards, as the
/// end of a large tensor is still near. Chunks' sums are added in their order, so that the result does not
/// depend on the threads.
template <class T>
void Lars::update_group_of(const Chunks::Group& group, double step_lr) {
  const MomentumOptions options{spec_.momentum, spec_.nesterov};
  const bool paper = spec_.convention == Convention::kPaper;
  const bool popular = paper && !spec_.classic_momentum;
  for (size_t i = group.begin; i < group.end; ++i) {
    const Chunks::Chunk& chunk = chunks_[i];
    const Slice<T> slice = chunks_.slice<T>(i, tensors_);
    if (popular)
      chunk_squares_[i] = popular_squares(slice, decay(chunk.tensor), options);
    else if (tensors_[chunk.tensor].exclusion == Exclusion::kNone)
      chunk_squares_[i] = squares(slice, paper ? decay(chunk.tensor) : 0);
  }
  set_rates(group, step_lr);
  for (size_t i = group.end; i-- > group.begin;) {
    const Chunks::Chunk& chunk = chunks_[i];
    const Slice<T> slice = chunks_.slice<T>(i, tensors_);
    const double rate = rates_[chunk.tensor], lr = own_lr(chunk.tensor, step_lr);
    if (popular)
      popular_update(slice, decay(chunk.tensor), rate, options);
    else if (paper)
      classic_update(slice, decay(chunk.tensor), rate, options);
    else if (rate != 0)
      torch_update(slice, decay(chunk.tensor), rate, lr, options);
    else
      torch_update(slice, 0, 1, lr, options);
  }
}

void Lars::set_rates(const Chunks::Group& group, double step_lr) {
  const bool paper = spec_.convention == Convention::kPaper;
  size_t i = group.begin;
  for (size_t t = group.first_tensor; t < group.end_tensor; ++t) {
    Squares total;
    for (; i < group.end && chunks_[i].tensor == t; ++i) {
      total.weight += chunk_squares_[i].weight;
      total.gradient += chunk_squares_[i].gradient;
    }
    const bool adapts = paper || (decay(t) != 0 && total.weight > 0 && total.gradient > 0);
    rates_[t] = adapts ? rate(t, total, own_lr(t, step_lr)) : 0;
  }
}

/// Any device, in tensor operations: norms and trust ratios stay on the device.
void Lars::update_tensors(double step_lr) {
  const double m = spec_.momentum, eta = spec_.trust_coefficient;
  for (size_t t = 0; t < tensors_.size(); ++t) {
    const double lr = own_lr(t, step_lr);
    at::Tensor weight = tensors_[t].weight, momentum = tensors_[t].momentum;
    const at::Tensor& gradient = tensors_[t].gradient;
    const bool adapts = tensors_[t].exclusion == Exclusion::kNone;
    const at::Tensor weight_norm = at::linalg_vector_norm(weight);
    if (spec_.convention == Convention::kTorch) {
      const at::Tensor gradient_norm = at::linalg_vector_norm(gradient);
      at::Tensor step = gradient;
      if (decay(t) != 0) {
        const at::Tensor factor =
            weight_norm * eta / (gradient_norm + weight_norm * decay(t) + spec_.epsilon);
        step = at::where((weight_norm * gradient_norm).gt(0), at::add(gradient, weight, decay(t)) * factor,
                         gradient);
      }
      momentum.mul_(m).add_(step);
      weight.add_(spec_.nesterov ? at::add(step, momentum, m) : momentum, -lr);
      continue;
    }
    const auto trust = [&](const at::Tensor& of) {
      const at::Tensor norm = at::linalg_vector_norm(of);
      return at::where((weight_norm * norm).gt(0), weight_norm * eta / norm, at::ones_like(norm));
    };
    at::Tensor step = at::add(gradient, weight, decay(t));
    if (spec_.classic_momentum) {
      step = adapts ? step * trust(step) * lr : step * lr;
      momentum.mul_(m).add_(step);
      weight.sub_(spec_.nesterov ? at::add(step, momentum, m) : momentum);
    } else {
      momentum.mul_(m).add_(step);
      const at::Tensor update = spec_.nesterov ? at::add(step, momentum, m) : momentum;
      weight.sub_(adapts ? update * trust(update) * lr : update * lr);
    }
  }
}

}  // namespace simclr
