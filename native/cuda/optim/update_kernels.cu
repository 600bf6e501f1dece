#include "core/optim/lars_math.h"
#include "cuda/optim/update_kernels.h"

namespace simclr::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int kWarp = 32;

__device__ UpdateSquares plus(UpdateSquares a, UpdateSquares b) {
  return {a.weight + b.weight, a.gradient + b.gradient};
}

/// The block's sum, valid in thread 0.
__device__ UpdateSquares block_sum(UpdateSquares value) {
  __shared__ UpdateSquares warps[kThreads / kWarp];
  for (int offset = kWarp / 2; offset > 0; offset /= 2) {
    value = plus(
        value, {__shfl_down_sync(~0u, value.weight, offset), __shfl_down_sync(~0u, value.gradient, offset)});
  }
  if (threadIdx.x % kWarp == 0) warps[threadIdx.x / kWarp] = value;
  __syncthreads();
  if (threadIdx.x == 0) {
    for (int warp = 1; warp < kThreads / kWarp; ++warp) value = plus(value, warps[warp]);
  }
  return value;
}

__device__ float decay_of(const UpdateTensor& tensor, const UpdateOptions& options) {
  return tensor.excluded ? 0.0f : static_cast<float>(options.weight_decay);
}

/// One block a chunk. The popular form moves its buffers on here: its trust ratio needs the update's norm.
__global__ void __launch_bounds__(kThreads) squares_kernel(UpdateTable table, UpdateOptions options) {
  const UpdateChunk chunk = table.chunks[blockIdx.x];
  const UpdateTensor tensor = table.tensors[chunk.tensor];
  const float decay = options.form == UpdateForm::kTorch ? 0.0f : decay_of(tensor, options);
  float weights = 0, gradients = 0;  // at most kUpdateChunk / kThreads terms each
  for (int64_t i = chunk.begin + threadIdx.x; i < chunk_end(tensor, chunk); i += kThreads) {
    const float w = tensor.weight[i];
    const float g = options.form == UpdateForm::kPaperPopular
                        ? paper_popular_update(w, tensor.momentum[i], tensor.gradient[i], decay,
                                               options.momentum, options.nesterov)
                        : tensor.gradient[i] + decay * w;
    weights += w * w;
    gradients += g * g;
  }
  const UpdateSquares total = block_sum({weights, gradients});
  if (threadIdx.x == 0) table.squares[blockIdx.x] = total;
}

/// What a tensor's update multiplies by: lr * trust in the paper's forms; lightly's factor, 0 where it does
/// not adapt, in torch's.
__device__ double rate_of(const UpdateTensor& tensor, const UpdateOptions& options, UpdateSquares squares,
                          double lr) {
  const double weight = sqrt(squares.weight), gradient = sqrt(squares.gradient);
  if (options.form != UpdateForm::kTorch)
    return tensor.excluded ? lr : lr * paper_trust(weight, gradient, options.trust_coefficient);
  const double decay = tensor.excluded ? 0 : options.weight_decay;
  if (decay == 0 || weight == 0 || gradient == 0) return 0;
  return torch_factor(weight, gradient, decay, options.trust_coefficient, options.epsilon);
}

/// One block a chunk; each adds up its tensor's squares anew, which is cheaper than a third launch.
__global__ void __launch_bounds__(kThreads)
    update_kernel(UpdateTable table, UpdateOptions options, const float* lr) {
  const UpdateChunk chunk = table.chunks[blockIdx.x];
  const UpdateTensor tensor = table.tensors[chunk.tensor];
  const float decay = decay_of(tensor, options);
  const double own_lr = *lr * tensor.lr_scale;
  float rate = 0;
  if (options.form != UpdateForm::kSgd) {
    UpdateSquares squares = {0, 0};
    for (int i = threadIdx.x; i < tensor.chunks; i += kThreads)
      squares = plus(squares, table.squares[tensor.first_chunk + i]);
    squares = block_sum(squares);
    __shared__ float shared_rate;
    if (threadIdx.x == 0) shared_rate = static_cast<float>(rate_of(tensor, options, squares, own_lr));
    __syncthreads();
    rate = shared_rate;
  }

  for (int64_t i = chunk.begin + threadIdx.x; i < chunk_end(tensor, chunk); i += kThreads) {
    float w = tensor.weight[i], m = tensor.momentum[i];
    const float g = tensor.gradient[i];
    switch (options.form) {
      case UpdateForm::kPaperClassic:
        paper_classic_update(w, m, g, decay, rate, options.momentum, options.nesterov);
        tensor.momentum[i] = m;
        break;
      case UpdateForm::kPaperPopular:
        w -= rate * paper_popular_update_again(w, m, g, decay, options.momentum, options.nesterov);
        break;
      case UpdateForm::kSgd:
        torch_update(w, m, g, decay, 1.0f, static_cast<float>(own_lr), options.momentum, options.nesterov);
        tensor.momentum[i] = m;
        break;
      case UpdateForm::kTorch:
        torch_update(w, m, g, rate == 0 ? 0.0f : decay, rate == 0 ? 1.0f : rate, static_cast<float>(own_lr),
                     options.momentum, options.nesterov);
        tensor.momentum[i] = m;
        break;
    }
    tensor.weight[i] = w;
  }
}

}  // namespace

cudaError_t update_step(const UpdateTable& table, const UpdateOptions& options, const float* lr,
                        cudaStream_t stream) {
  if (table.chunk_count == 0) return cudaSuccess;
  if (options.form != UpdateForm::kSgd)
    SIMCLR_LAUNCH(squares_kernel, table.chunk_count, kThreads, 0, stream, table, options);
  SIMCLR_LAUNCH(update_kernel, table.chunk_count, kThreads, 0, stream, table, options, lr);
  return cudaGetLastError();
}

}  // namespace simclr::cuda
