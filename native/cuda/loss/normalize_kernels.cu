#include <cmath>

#include "cuda/loss/normalize_kernels.h"

namespace simclr::cuda {
namespace {

constexpr int kLanes = 32;
constexpr int kThreads = 256;

/// Over the warp, the same bits in every lane: both of two lanes that exchange add the same two numbers.
__device__ float warp_sum(float value) {
  for (int mask = kLanes / 2; mask > 0; mask /= 2) value += __shfl_xor_sync(~0u, value, mask);
  return value;
}

/// The row of this warp.
__device__ int64_t warp_row() {
  return static_cast<int64_t>(blockIdx.x) * (kThreads / kLanes) + threadIdx.x / kLanes;
}

__global__ void unit_rows_kernel(const float* z, int64_t rows, int dim, float smallest, float* unit,
                                 float* norms) {
  const int64_t row = warp_row();
  if (row >= rows) return;  // the whole warp
  const int lane = threadIdx.x % kLanes;
  const float* in = z + row * dim;
  float squares = 0;
  for (int d = lane; d < dim; d += kLanes) squares += in[d] * in[d];
  const float norm = fmaxf(sqrtf(warp_sum(squares)), smallest);
  for (int d = lane; d < dim; d += kLanes) unit[row * dim + d] = in[d] / norm;
  if (lane == 0) norms[row] = norm;
}

__global__ void backward_kernel(const float* unit, const float* norms, int64_t rows, int dim, float smallest,
                                float* gradient) {
  const int64_t row = warp_row();
  if (row >= rows) return;
  const int lane = threadIdx.x % kLanes;
  const float* u = unit + row * dim;
  float* g = gradient + row * dim;
  float products = 0;
  for (int d = lane; d < dim; d += kLanes) products += g[d] * u[d];
  const float norm = norms[row];
  const float along = norm > smallest ? warp_sum(products) : 0;  // one norm a warp: all lanes or none
  for (int d = lane; d < dim; d += kLanes) g[d] = (g[d] - u[d] * along) / norm;
}

unsigned blocks_of(int64_t rows) {
  constexpr int kRows = kThreads / kLanes;
  return static_cast<unsigned>((rows + kRows - 1) / kRows);
}

}  // namespace

cudaError_t unit_rows(const float* z, int64_t rows, int dim, float smallest, float* unit, float* norms,
                      cudaStream_t stream) {
  SIMCLR_LAUNCH(unit_rows_kernel, blocks_of(rows), kThreads, 0, stream, z, rows, dim, smallest, unit, norms);
  return cudaGetLastError();
}

cudaError_t unit_rows_backward(const float* unit, const float* norms, int64_t rows, int dim, float smallest,
                               float* gradient, cudaStream_t stream) {
  SIMCLR_LAUNCH(backward_kernel, blocks_of(rows), kThreads, 0, stream, unit, norms, rows, dim, smallest,
                gradient);
  return cudaGetLastError();
}

}  // namespace simclr::cuda
