#include "cuda/optim/fused_update.h"

#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include "core/kernel_calls.h"
#include "core/optim/adam.h"
#include "cuda/check.h"
#include "cuda/optim/update_rows.h"
#include "cuda/upload.h"

namespace simclr::cuda {
namespace {

/// Dense float32 arrays of one layout on one device.
bool fit(const OptimizedTensor& tensor, const at::Device& device) {
  const auto fits = [&](const at::Tensor& array) {
    return array.device() == device && array.scalar_type() == at::kFloat &&
           array.is_non_overlapping_and_dense() && array.strides() == tensor.weight.strides();
  };
  return fits(tensor.weight) && fits(tensor.gradient) && fits(tensor.momentum) &&
         (!tensor.second_moment.defined() || fits(tensor.second_moment));
}

UpdateForm form_of(const OptimizerSpec& spec) {
  if (spec.name == OptimizerSpec::Name::sgd) return UpdateForm::kSgd;
  if (spec.convention == Convention::kTorch) return UpdateForm::kTorch;
  return spec.classic_momentum ? UpdateForm::kPaperClassic : UpdateForm::kPaperPopular;
}

}  // namespace

bool MultiTensorUpdate::takes(const std::vector<OptimizedTensor>& tensors) {
  for (const OptimizedTensor& tensor : tensors) {
    if (!fit(tensor, tensors[0].weight.device())) return false;
  }
  return !tensors.empty();
}

MultiTensorUpdate::MultiTensorUpdate(const OptimizerSpec& spec, const std::vector<OptimizedTensor>& tensors,
                                     const at::Tensor& steps)
    : options_{form_of(spec),          static_cast<float>(spec.momentum),
               spec.nesterov,          spec.weight_decay,
               spec.trust_coefficient, spec.epsilon},
      steps_(steps) {
  if (spec.is_adam()) adam_ = adam_options(spec);
  UpdateRows rows;
  for (const OptimizedTensor& tensor : tensors) {
    rows.add({.weight = tensor.weight.data_ptr<float>(),
              .momentum = tensor.momentum.data_ptr<float>(),
              .gradient = tensor.gradient.const_data_ptr<float>(),
              .count = tensor.weight.numel(),
              .excluded = !spec.decays(tensor),
              .second_moment = adam_ ? tensor.second_moment.data_ptr<float>() : nullptr,
              .lr_scale = tensor.lr_scale});
  }
  const at::Device device = tensors[0].weight.device();
  lr_ = at::empty({}, at::TensorOptions(device).dtype(at::kFloat));
  memory_ = {upload(rows.tensors, device), upload(rows.chunks, device),
             upload(std::vector<UpdateSquares>(rows.chunks.size()), device),
             upload(std::vector<AdamStep>(1), device)};
  table_ = {static_cast<const UpdateTensor*>(memory_[0].data_ptr()),
            static_cast<const UpdateChunk*>(memory_[1].data_ptr()),
            static_cast<UpdateSquares*>(memory_[2].data_ptr()), rows.chunk_count()};
}

void MultiTensorUpdate::set_lr(double lr) {
  lr_.fill_(lr);  // the value travels with the launch: no copy, no synchronisation
}

void MultiTensorUpdate::step() {
  count_call(KernelKind::kOptimizer);
  const c10::cuda::CUDAGuard guard(lr_.device());
  const auto* const lr = lr_.const_data_ptr<float>();
  const c10::cuda::CUDAStream stream = c10::cuda::getCurrentCUDAStream();
  if (!adam_) return check(update_step(table_, options_, lr, stream));
  const AdamNumbers numbers{lr, steps_.data_ptr<double>(), static_cast<AdamStep*>(memory_.back().data_ptr())};
  check(adam_update_step(table_, *adam_, numbers, stream));
}

}  // namespace simclr::cuda
