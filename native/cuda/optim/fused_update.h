// LARS and SGD on a CUDA device, over LibTorch's tensors.
#pragma once

#include <ATen/ATen.h>

#include <vector>

#include "core/device_kernels.h"
#include "cuda/optim/update_kernels.h"

namespace simclr::cuda {

/// The kernels' tables for a fixed list of weights, gradients and momentum buffers, which are never
/// reallocated while this lives.
class MultiTensorUpdate final : public FusedUpdate {
 public:
  /// Whether all are float32, on one device, dense, and of one layout each.
  static bool takes(const std::vector<OptimizedTensor>& tensors, const std::vector<at::Tensor>& momentum);

  MultiTensorUpdate(const OptimizerSpec& spec, const std::vector<OptimizedTensor>& tensors,
                    const std::vector<at::Tensor>& momentum);

  /// Both queue on the current stream.
  void set_lr(double lr) override;
  void step() override;

 private:
  UpdateOptions options_;
  UpdateTable table_{};
  at::Tensor lr_;                   // float32, on the device
  std::vector<at::Tensor> memory_;  // what table_ points into
};

}  // namespace simclr::cuda
