// The tensors of a step and the chunks that blocks work on, as the host lists them.
#pragma once

#include <vector>

#include "cuda/optim/update_kernels.h"

namespace simclr::cuda {

struct UpdateRows {
  std::vector<UpdateTensor> tensors;
  std::vector<UpdateChunk> chunks;

  /// Lists `tensor`, whose own chunks are filled in here.
  void add(UpdateTensor tensor) {
    const auto index = static_cast<int32_t>(tensors.size());
    tensor.first_chunk = static_cast<int32_t>(chunks.size());
    for (int64_t begin = 0; begin < tensor.count; begin += kUpdateChunk) chunks.push_back({index, begin});
    tensor.chunks = static_cast<int32_t>(chunks.size()) - tensor.first_chunk;
    tensors.push_back(tensor);
  }

  int chunk_count() const { return static_cast<int>(chunks.size()); }
};

}  // namespace simclr::cuda
