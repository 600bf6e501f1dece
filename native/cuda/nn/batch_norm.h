// BatchNorm's passes on a CUDA device, over LibTorch's tensors.
#pragma once

#include "core/nn/batch_norm_passes.h"

namespace simclr::cuda {

class BatchNormOnCuda final : public BatchNormKernels {
 public:
  bool takes(const at::Tensor& x) const override;
  std::pair<at::Tensor, at::Tensor> moments(const at::Tensor& x) const override;
  at::Tensor settle(const at::Tensor& mean, const at::Tensor& m2, const at::Tensor& count,
                    const RunningStatistics* running) const override;
  at::Tensor normalise(const at::Tensor& x, const at::Tensor& residual, const Normalisation& norm,
                       bool relu) const override;
  at::Tensor gradient_sums(const at::Tensor& dy, const at::Tensor& y, const at::Tensor& x,
                           const at::Tensor& mean) const override;
  InputGradients input_gradients(const at::Tensor& dy, const at::Tensor& y, const at::Tensor& x,
                                 const Normalisation& norm, const at::Tensor& sums,
                                 bool residual) const override;
  ParameterGradients parameter_gradients(const Normalisation& norm, const at::Tensor& sums) const override;
};

}  // namespace simclr::cuda
