// Adam and AdamW over all tensors at once, in two launches: the count of steps with what follows from it,
// then the update. Nothing is read back and nothing passed but addresses: the count moves on the device,
// where each replay of a CUDA graph finds it.
//
// Floor: the update reads four arrays and writes three, 7 x 4 bytes a weight (ResNet-50: 0.72 GB).
#pragma once

#include "core/optim/adam_math.h"
#include "cuda/optim/update_kernels.h"

namespace simclr::cuda {

/// A step's numbers, in device memory.
struct AdamNumbers {
  const float* lr;
  double* steps;     ///< done; the step adds one
  AdamStep* shared;  ///< written by the step
};

/// Queues one step on `stream`. Of `table` every tensor has a second moment, and `squares` is not looked at.
cudaError_t adam_update_step(const UpdateTable& table, const AdamOptions& options, const AdamNumbers& numbers,
                             cudaStream_t stream);

}  // namespace simclr::cuda
