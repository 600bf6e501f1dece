// LARS on a CUDA device, over LibTorch's tensors.
#pragma once

#include <ATen/ATen.h>

#include <vector>

#include "core/optim/optimizer.h"
#include "cuda/optim/lars_kernels.h"

namespace simclr::cuda {

/// The kernels' tables for a fixed list of weights, gradients and momentum buffers: float32, on one CUDA
/// device, dense in memory, and never reallocated while this lives.
class LarsKernels {
 public:
  /// Throws ERR_SIMCLR_DEVICE for tensors of another kind.
  LarsKernels(const OptimizerSpec& spec, const std::vector<OptimizedTensor>& tensors,
              const std::vector<at::Tensor>& momentum);

  /// Queues one step on the current stream. `lr`: float32, one element, on the device; a replayed CUDA graph
  /// reads what is there then.
  void step(const at::Tensor& lr);

 private:
  LarsOptions options_;
  LarsTable table_;
  std::vector<at::Tensor> memory_;  // what table_ points into
};

}  // namespace simclr::cuda
