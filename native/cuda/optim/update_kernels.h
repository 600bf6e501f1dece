// LARS and SGD over all tensors at once: two launches for LARS (norms; trust ratios and the update), one for
// SGD. Nothing is read back: trust ratios and the learning rate stay on the device, so a step can be part of
// a CUDA graph.
//
// Floor: the norms read weights and gradients, the update reads three arrays and writes two, 7 x 4 bytes a
// weight (ResNet-50: 0.72 GB).
#pragma once

#include <cstdint>

#include "core/host_device.h"
#include "cuda/launch.h"

namespace simclr::cuda {

/// As core/optim/lars.h and sgd.h have them.
enum class UpdateForm { kPaperClassic, kPaperPopular, kTorch, kSgd };

struct UpdateOptions {
  UpdateForm form;
  float momentum;
  bool nesterov;
  double weight_decay;
  double trust_coefficient;
  double epsilon;
};

/// One tensor: float32 arrays on the device, and which of the table's chunks are its own.
struct UpdateTensor {
  float* weight;
  float* momentum;
  const float* gradient;
  int64_t count;
  int32_t first_chunk = 0;
  int32_t chunks = 0;
  bool excluded;                   ///< no decay, no adaptation
  float* second_moment = nullptr;  ///< Adam's (adam_kernels.h)
  double lr_scale = 1;             ///< times the step's learning rate: its own
};

/// The piece of a tensor that one block works on.
struct UpdateChunk {
  int32_t tensor;
  int64_t begin;
};

/// Sums of squares of a chunk's weights and of what the trust ratio divides by.
struct UpdateSquares {
  double weight;
  double gradient;
};

/// Weights in a chunk; the last one of a tensor may have fewer.
constexpr int64_t kUpdateChunk = 1 << 14;

/// Where a chunk of `tensor` ends.
SIMCLR_HD inline int64_t chunk_end(const UpdateTensor& tensor, const UpdateChunk& chunk) {
  const int64_t end = chunk.begin + kUpdateChunk;
  return end < tensor.count ? end : tensor.count;
}

/// Everything a step needs, in device memory; `squares` has one entry a chunk and is written by the step.
struct UpdateTable {
  const UpdateTensor* tensors;
  const UpdateChunk* chunks;
  UpdateSquares* squares;
  int chunk_count;
};

/// Queues one step on `stream`. `lr` is a device address. The sums have a fixed order: the same bits every
/// time.
cudaError_t update_step(const UpdateTable& table, const UpdateOptions& options, const float* lr,
                        cudaStream_t stream);

}  // namespace simclr::cuda
