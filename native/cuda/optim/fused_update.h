// The optimizers on a CUDA device, over LibTorch's tensors.
#pragma once

#include <ATen/ATen.h>

#include <optional>
#include <vector>

#include "core/device_kernels.h"
#include "cuda/optim/adam_kernels.h"
#include "cuda/optim/update_kernels.h"

namespace simclr::cuda {

/// The kernels' tables for a fixed list of weights, gradients and buffers, which are never reallocated while
/// this lives.
class MultiTensorUpdate final : public FusedUpdate {
 public:
  /// Whether all are float32, on one device, dense, and of one layout each.
  static bool takes(const std::vector<OptimizedTensor>& tensors);

  /// `steps`: Adam's count of them, a double on the device.
  MultiTensorUpdate(const OptimizerSpec& spec, const std::vector<OptimizedTensor>& tensors,
                    const at::Tensor& steps);

  /// Both queue on the current stream.
  void set_lr(double lr) override;
  void step() override;

 private:
  UpdateOptions options_;            // of LARS and SGD
  std::optional<AdamOptions> adam_;  // of Adam; absent: another optimizer
  UpdateTable table_{};
  at::Tensor lr_;                   // float32, on the device
  at::Tensor steps_;                // Adam's
  std::vector<at::Tensor> memory_;  // what table_ points into; last, what a step of Adam shares
};

}  // namespace simclr::cuda
