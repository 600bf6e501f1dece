#include "cuda/optim/adam_kernels.h"

namespace simclr::cuda {
namespace {

constexpr int kThreads = 256;

/// One thread. Blocks of the update could not count: none knows which of them is the last.
__global__ void __launch_bounds__(1) begin_kernel(AdamOptions options, AdamNumbers numbers) {
  *numbers.steps += 1;
  *numbers.shared = adam_step(*numbers.steps, *numbers.lr, options);
}

/// One block a chunk.
__global__ void __launch_bounds__(kThreads)
    adam_kernel(UpdateTable table, AdamOptions options, AdamNumbers numbers) {
  const UpdateChunk chunk = table.chunks[blockIdx.x];
  const UpdateTensor tensor = table.tensors[chunk.tensor];
  const double decay = tensor.excluded ? 0 : options.weight_decay;
  const AdamFactors<float> factors =
      adam_factors<float>(*numbers.shared, *numbers.lr, tensor.lr_scale, decay, options);
  for (int64_t i = chunk.begin + threadIdx.x; i < chunk_end(tensor, chunk); i += kThreads) {
    float w = tensor.weight[i], first = tensor.momentum[i], second = tensor.second_moment[i];
    adam_update(w, first, second, tensor.gradient[i], factors);
    tensor.weight[i] = w;
    tensor.momentum[i] = first;
    tensor.second_moment[i] = second;
  }
}

}  // namespace

cudaError_t adam_update_step(const UpdateTable& table, const AdamOptions& options, const AdamNumbers& numbers,
                             cudaStream_t stream) {
  if (table.chunk_count == 0) return cudaSuccess;
  SIMCLR_LAUNCH(begin_kernel, 1, 1, 0, stream, options, numbers);
  SIMCLR_LAUNCH(adam_kernel, table.chunk_count, kThreads, 0, stream, table, options, numbers);
  return cudaGetLastError();
}

}  // namespace simclr::cuda
