#include "core/optim/optimizer.h"

#include "core/device_kernels.h"
#include "core/error.h"
#include "core/optim/lars.h"
#include "core/optim/sgd.h"

namespace simclr {
namespace {

/// The CPU's loops run over memory, not over indices: a weight, its gradient and its buffer must agree.
void require_same_layout(const OptimizedTensor& tensor) {
  if (tensor.weight.is_non_overlapping_and_dense() && tensor.gradient.strides() == tensor.weight.strides() &&
      tensor.gradient.sizes() == tensor.weight.sizes() &&
      tensor.gradient.scalar_type() == tensor.weight.scalar_type())
    return;
  throw Error(
      "ERR_SIMCLR_NATIVE",
      "Expected a dense weight and a gradient of its shape, layout and type for `" + tensor.name + "`.");
}

std::vector<at::Tensor> buffers_of(const std::vector<OptimizedTensor>& tensors) {
  std::vector<at::Tensor> buffers;
  for (const OptimizedTensor& tensor : tensors)
    buffers.push_back(tensor.momentum.defined() ? tensor.momentum : at::zeros_like(tensor.weight));
  return buffers;
}

}  // namespace

Optimizer::Optimizer(const OptimizerSpec& spec, std::vector<OptimizedTensor> tensors)
    : spec_(spec),
      tensors_(std::move(tensors)),
      momentum_(buffers_of(tensors_)),
      chunks_(tensors_),
      fused_(fused_update(spec, tensors_, momentum_)) {}

void Optimizer::set_lr(double lr) {
  lr_ = lr;
  if (fused_) fused_->set_lr(lr);
}

void Optimizer::step(const Team& team, const std::function<void(size_t)>& updated) {
  if (tensors_.empty()) return;
  if (tensors_[0].weight.is_cpu()) {
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

std::unique_ptr<Optimizer> make_optimizer(const OptimizerSpec& spec, std::vector<OptimizedTensor> tensors) {
  for (const OptimizedTensor& tensor : tensors) require_same_layout(tensor);
  if (spec.name == OptimizerSpec::Name::sgd) return std::make_unique<Sgd>(spec, std::move(tensors));
  return std::make_unique<Lars>(spec, std::move(tensors));
}

}  // namespace simclr
