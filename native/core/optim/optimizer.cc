#include "core/optim/optimizer.h"

#include "core/device_kernels.h"
#include "core/error.h"
#include "core/optim/adam.h"
#include "core/optim/lars.h"
#include "core/optim/sgd.h"

namespace simclr {
namespace {

/// The CPU's loops run over memory, not over indices: a weight, its gradient and its buffers must agree.
void require_same_layout(const OptimizedTensor& tensor) {
  if (tensor.weight.is_non_overlapping_and_dense() && tensor.gradient.strides() == tensor.weight.strides() &&
      tensor.gradient.sizes() == tensor.weight.sizes() &&
      tensor.gradient.scalar_type() == tensor.weight.scalar_type())
    return;
  throw Error(
      "ERR_SIMCLR_NATIVE",
      "Expected a dense weight and a gradient of its shape, layout and type for `" + tensor.name + "`.");
}

std::vector<OptimizedTensor> with_buffers(const OptimizerSpec& spec, std::vector<OptimizedTensor> tensors) {
  for (OptimizedTensor& tensor : tensors) {
    if (!tensor.momentum.defined()) tensor.momentum = at::zeros_like(tensor.weight);
    if (spec.is_adam() && !tensor.second_moment.defined())
      tensor.second_moment = at::zeros_like(tensor.weight);
  }
  return tensors;
}

/// Undefined for those who do not count.
at::Tensor counter(const OptimizerSpec& spec, const std::vector<OptimizedTensor>& tensors) {
  if (!spec.is_adam() || tensors.empty()) return {};
  return at::zeros({}, tensors[0].weight.options().dtype(at::kDouble));
}

}  // namespace

Optimizer::Optimizer(const OptimizerSpec& spec, std::vector<OptimizedTensor> tensors)
    : spec_(spec),
      tensors_(with_buffers(spec, std::move(tensors))),
      chunks_(tensors_),
      steps_(counter(spec, tensors_)),
      fused_(fused_update(spec, tensors_, steps_)) {}

void Optimizer::set_lr(double lr) {
  lr_ = lr;
  if (fused_) fused_->set_lr(lr);
}

void Optimizer::step(const Team& team, const std::function<void(size_t)>& updated) {
  if (tensors_.empty()) return;
  if (tensors_[0].weight.is_cpu()) {
    begin_step(lr_);
    return chunks_.deal(team, [&](const Chunks::Group& group) {
      update_group(group, lr_);
      for (size_t t = group.first_tensor; t < group.end_tensor; ++t) updated(t);
    });
  }
  if (fused_) {
    fused_->step();
  } else {
    update_tensors(lr_);
  }
}

std::vector<NamedTensor> Optimizer::state() const {
  std::vector<NamedTensor> out;
  for (const OptimizedTensor& tensor : tensors_) {
    if (spec_.is_adam()) {
      out.push_back({tensor.name + ".exp_avg", tensor.momentum});
      out.push_back({tensor.name + ".exp_avg_sq", tensor.second_moment});
    } else {
      out.push_back({tensor.name, tensor.momentum});
    }
  }
  if (steps_.defined()) out.push_back({"step", steps_});
  return out;
}

double Optimizer::decay(size_t tensor) const {
  return spec_.decays(tensors_[tensor]) ? spec_.weight_decay : 0;
}

std::unique_ptr<Optimizer> make_optimizer(const OptimizerSpec& spec, std::vector<OptimizedTensor> tensors) {
  for (const OptimizedTensor& tensor : tensors) require_same_layout(tensor);
  if (spec.is_adam()) return std::make_unique<Adam>(spec, std::move(tensors));
  if (spec.name == OptimizerSpec::Name::sgd) return std::make_unique<Sgd>(spec, std::move(tensors));
  return std::make_unique<Lars>(spec, std::move(tensors));
}

}  // namespace simclr
