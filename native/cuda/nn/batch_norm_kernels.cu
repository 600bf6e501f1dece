#include "core/nn/batch_norm_math.h"
#include "cuda/nn/batch_norm_kernels.h"
#include "cuda/nn/row_geometry.h"

namespace simclr::cuda {
namespace {

// Arrays are not __restrict__: nvcc 13 then unrolls loops over rows until 255 registers are too few and
// spills.

// Rows added in float before they go to double.
constexpr int kFlush = 64;
constexpr int kCombineLanes = 32;

/// Values a thread reads at once: 16 bytes where the channels divide and rows are aligned, else one.
template <class T>
constexpr int kVector = 16 / sizeof(T);

struct Rows {
  int64_t rows, channels;
  RowGeometry geometry;
};

/// A thread's place: its first channel and row; `inside` is false beyond the row's end.
template <int V>
struct Place {
  int64_t channel, row, step;
  bool inside;

  __device__ explicit Place(const Rows& of) {
    const int group = blockIdx.y * of.geometry.width + threadIdx.x;
    inside = group < of.geometry.groups;
    channel = static_cast<int64_t>(group) * V;
    row = static_cast<int64_t>(blockIdx.x) * of.geometry.height + threadIdx.y;
    step = static_cast<int64_t>(of.geometry.row_blocks) * of.geometry.height;
  }
};

template <class T, int V>
__device__ Pack<T, V> load(const T* array, int64_t at) {
  return *reinterpret_cast<const Pack<T, V>*>(array + at);
}

template <class T, int V>
__device__ void store(T* array, int64_t at, const Pack<T, V>& pack) {
  *reinterpret_cast<Pack<T, V>*>(array + at) = pack;
}

/// A number for each of a thread's channels, rounded from the double that `value(channel)` is.
template <int V>
struct Coefficients {
  float values[V];
  template <class Value>
  __device__ Coefficients(int64_t channel, const Value& value) {
    for (int v = 0; v < V; ++v) values[v] = static_cast<float>(value(channel + v));
  }
};

__device__ double number_of(const RowCount& count) {
  return count.array == nullptr ? count.value : *count.array;
}

/// Two sums a channel: threads' values → the block's, in scratch[(block, which, channel)].
template <int V>
__device__ void store_block_sums(const Rows& of, const double (&a)[V], const double (&b)[V],
                                 double* scratch) {
  __shared__ double sums[2][kRowThreads * V];
  const int width = of.geometry.width * V, own = threadIdx.y * width + threadIdx.x * V;
  for (int v = 0; v < V; ++v) {
    sums[0][own + v] = a[v];
    sums[1][own + v] = b[v];
  }
  __syncthreads();
  double* out = scratch + static_cast<int64_t>(blockIdx.x) * 2 * of.channels;
  const int threads = of.geometry.width * of.geometry.height;
  for (int i = threadIdx.y * of.geometry.width + threadIdx.x; i < 2 * width; i += threads) {
    const int which = i / width, column = i % width;
    const int64_t channel = static_cast<int64_t>(blockIdx.y) * width + column;
    if (channel >= of.channels) continue;
    double total = 0;
    for (int y = 0; y < of.geometry.height; ++y) total += sums[which][y * width + column];
    out[which * of.channels + channel] = total;
  }
}

/// Deviations from the first row: no cancellation however far the mean is from zero.
template <class T, int V>
__global__ void __launch_bounds__(kRowThreads) moments_kernel(Rows of, const T* x, double* scratch) {
  const Place<V> place(of);
  double sum[V] = {}, square[V] = {};
  if (place.inside) {
    const Pack<T, V> pivot = load<T, V>(x, place.channel);
    int64_t row = place.row;
    while (row < of.rows) {
      float part[V] = {}, part_square[V] = {};
      for (int k = 0; k < kFlush && row < of.rows; ++k, row += place.step) {
        const Pack<T, V> in = load<T, V>(x, row * of.channels + place.channel);
        for (int v = 0; v < V; ++v) {
          const float d = to_float(in.values[v]) - to_float(pivot.values[v]);
          part[v] += d;
          part_square[v] += d * d;
        }
      }
      for (int v = 0; v < V; ++v) {
        sum[v] += part[v];
        square[v] += part_square[v];
      }
    }
  }
  store_block_sums<V>(of, sum, square, scratch);
}

template <class T, int V>
__global__ void __launch_bounds__(kRowThreads)
    sums_kernel(Rows of, const T* dy, const T* y, const T* x, const double* mean, double* scratch) {
  const Place<V> place(of);
  double sum[V] = {}, product[V] = {};
  if (place.inside) {
    const Coefficients<V> center(place.channel, [&](int64_t c) { return mean[c]; });
    int64_t row = place.row;
    while (row < of.rows) {
      float part[V] = {}, part_product[V] = {};
      for (int k = 0; k < kFlush && row < of.rows; ++k, row += place.step) {
        const int64_t at = row * of.channels + place.channel;
        const Pack<T, V> gradient = load<T, V>(dy, at), in = load<T, V>(x, at);
        const Pack<T, V> out = y == nullptr ? in : load<T, V>(y, at);
        for (int v = 0; v < V; ++v) {
          const float g = relu_gradient(to_float(gradient.values[v]), to_float(out.values[v]), y != nullptr);
          part[v] += g;
          part_product[v] += g * (to_float(in.values[v]) - center.values[v]);
        }
      }
      for (int v = 0; v < V; ++v) {
        sum[v] += part[v];
        product[v] += part_product[v];
      }
    }
  }
  store_block_sums<V>(of, sum, product, scratch);
}

/// Adds up the blocks' sums of 32 channels in a fixed order.
__device__ void combine(const double* scratch, int64_t channels, int blocks, double& a, double& b) {
  __shared__ double sums[2][kCombineLanes][32 + 1];
  const int64_t channel = static_cast<int64_t>(blockIdx.x) * 32 + threadIdx.x;
  a = b = 0;
  if (channel < channels) {
    for (int block = threadIdx.y; block < blocks; block += kCombineLanes) {
      a += scratch[static_cast<int64_t>(block) * 2 * channels + channel];
      b += scratch[(static_cast<int64_t>(block) * 2 + 1) * channels + channel];
    }
  }
  sums[0][threadIdx.y][threadIdx.x] = a;
  sums[1][threadIdx.y][threadIdx.x] = b;
  __syncthreads();
  if (threadIdx.y != 0) return;
  for (int lane = 1; lane < kCombineLanes; ++lane) {
    a += sums[0][lane][threadIdx.x];
    b += sums[1][lane][threadIdx.x];
  }
}

template <class T>
__global__ void __launch_bounds__(32 * kCombineLanes)
    moments_end_kernel(const T* x, int64_t rows, int64_t channels, int blocks, const double* scratch,
                       double* mean, double* m2) {
  double sum, square;
  combine(scratch, channels, blocks, sum, square);
  const int64_t channel = static_cast<int64_t>(blockIdx.x) * 32 + threadIdx.x;
  if (threadIdx.y != 0 || channel >= channels) return;
  const double shift = sum / static_cast<double>(rows), spread = square - shift * sum;
  mean[channel] = static_cast<double>(to_float(x[channel])) + shift;
  m2[channel] = spread < 0 ? 0 : spread;
}

__global__ void __launch_bounds__(32 * kCombineLanes)
    sums_end_kernel(int64_t channels, int blocks, const double* scratch, double* sums) {
  double sum, product;
  combine(scratch, channels, blocks, sum, product);
  const int64_t channel = static_cast<int64_t>(blockIdx.x) * 32 + threadIdx.x;
  if (threadIdx.y != 0 || channel >= channels) return;
  sums[channel] = sum;
  sums[channels + channel] = product;
}

__global__ void settle_kernel(const double* mean, const double* m2, RowCount count, double epsilon,
                              RunningArrays running, int64_t channels, double* rstd) {
  const int64_t c = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (c == 0 && running.batches != nullptr) ++*running.batches;
  if (c >= channels) return;
  const double rows = number_of(count);
  rstd[c] = batch_norm_rstd(m2[c], rows, epsilon);
  if (running.mean == nullptr) return;
  running.mean[c] = running_statistic(running.mean[c], mean[c], running.momentum);
  running.var[c] =
      running_statistic(running.var[c], running_variance(m2[c], rows, running.unbiased), running.momentum);
}

__global__ void parameters_kernel(const double* sums, const double* rstd, int64_t channels, float* d_scale,
                                  float* d_shift) {
  const int64_t c = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (c >= channels) return;
  d_shift[c] = static_cast<float>(sums[c]);
  d_scale[c] = static_cast<float>(sums[channels + c] * rstd[c]);
}

template <class T, int V>
__global__ void __launch_bounds__(kRowThreads)
    apply_kernel(Rows of, const T* x, const T* residual, ChannelArrays norm, bool relu, T* y) {
  const Place<V> place(of);
  if (!place.inside) return;
  const Coefficients<V> m(place.channel, [&](int64_t c) { return norm.mean[c]; });
  const Coefficients<V> a(place.channel, [&](int64_t c) { return norm.scale[c] * norm.rstd[c]; });
  const Coefficients<V> b(place.channel,
                          [&](int64_t c) { return norm.shift == nullptr ? 0 : norm.shift[c]; });
  for (int64_t row = place.row; row < of.rows; row += place.step) {
    const int64_t at = row * of.channels + place.channel;
    const Pack<T, V> in = load<T, V>(x, at);
    Pack<T, V> add{}, out;
    if (residual != nullptr) add = load<T, V>(residual, at);
    for (int v = 0; v < V; ++v) {
      const float r = residual == nullptr ? 0 : to_float(add.values[v]);
      out.values[v] = from_float<T>(
          batch_norm_value(to_float(in.values[v]), m.values[v], a.values[v], b.values[v], r, relu));
    }
    store<T, V>(y, at, out);
  }
}

template <class T, int V>
__global__ void __launch_bounds__(kRowThreads)
    input_kernel(Rows of, const T* dy, const T* y, const T* x, ChannelArrays norm, const double* sums,
                 RowCount count, T* dx, T* d_residual) {
  const Place<V> place(of);
  if (!place.inside) return;
  const double inverse_count = sums == nullptr ? 0 : 1 / number_of(count);
  const auto mean_of = [&](int64_t i) { return sums == nullptr ? 0 : sums[i] * inverse_count; };
  const Coefficients<V> m(place.channel, [&](int64_t c) { return norm.mean[c]; });
  const Coefficients<V> a(place.channel, [&](int64_t c) { return norm.scale[c] * norm.rstd[c]; });
  const Coefficients<V> p(place.channel, [&](int64_t c) {
    return batch_norm_slope(norm.scale[c], norm.rstd[c], mean_of(of.channels + c));
  });
  const Coefficients<V> q(
      place.channel, [&](int64_t c) { return batch_norm_offset(norm.scale[c], norm.rstd[c], mean_of(c)); });
  for (int64_t row = place.row; row < of.rows; row += place.step) {
    const int64_t at = row * of.channels + place.channel;
    const Pack<T, V> gradient = load<T, V>(dy, at), in = load<T, V>(x, at);
    const Pack<T, V> after = y == nullptr ? in : load<T, V>(y, at);
    Pack<T, V> out, passed;
    for (int v = 0; v < V; ++v) {
      const float g = relu_gradient(to_float(gradient.values[v]), to_float(after.values[v]), y != nullptr);
      out.values[v] = from_float<T>(batch_norm_input_gradient(g, to_float(in.values[v]), m.values[v],
                                                              a.values[v], p.values[v], q.values[v]));
      passed.values[v] = from_float<T>(g);
    }
    store<T, V>(dx, at, out);
    if (d_residual != nullptr) store<T, V>(d_residual, at, passed);
  }
}

template <class T>
int vector_of(int64_t channels) {
  return channels % kVector<T> == 0 ? kVector<T> : 1;
}

/// Calls work(rows, std::integral_constant of the vector's length).
template <class T, class Work>
cudaError_t with_rows(int64_t rows, int64_t channels, Work work) {
  const int vector = vector_of<T>(channels);
  const Rows of{rows, channels, row_geometry(rows, channels, vector)};
  const dim3 grid(of.geometry.row_blocks, of.geometry.column_blocks);
  const dim3 block(of.geometry.width, of.geometry.height);
  if (vector == 1) {
    work.template operator()<1>(of, grid, block);
  } else {
    work.template operator()<kVector<T>>(of, grid, block);
  }
  return cudaGetLastError();
}

constexpr int kChannelThreads = 128;

unsigned channel_blocks(int64_t channels) {
  return static_cast<unsigned>((channels + kChannelThreads - 1) / kChannelThreads);
}

unsigned combine_blocks(int64_t channels) { return static_cast<unsigned>((channels + 31) / 32); }

}  // namespace

int64_t batch_norm_scratch(int64_t rows, int64_t channels, int element_bytes) {
  const int vector = channels % (16 / element_bytes) == 0 ? 16 / element_bytes : 1;
  return row_geometry(rows, channels, vector).row_blocks * 2 * channels;
}

template <class T>
cudaError_t batch_norm_moments(const T* x, int64_t rows, int64_t channels, double* scratch, double* mean,
                               double* m2, cudaStream_t stream) {
  return with_rows<T>(rows, channels, [&]<int V>(const Rows& of, dim3 grid, dim3 block) {
    const auto kernel = moments_kernel<T, V>;
    SIMCLR_LAUNCH(kernel, grid, block, 0, stream, of, x, scratch);
    const auto end = moments_end_kernel<T>;
    SIMCLR_LAUNCH(end, combine_blocks(channels), dim3(32, kCombineLanes), 0, stream, x, rows, channels,
                  of.geometry.row_blocks, scratch, mean, m2);
  });
}

template <class T>
cudaError_t batch_norm_apply(const T* x, const T* residual, const ChannelArrays& norm, bool relu, T* y,
                             int64_t rows, int64_t channels, cudaStream_t stream) {
  return with_rows<T>(rows, channels, [&]<int V>(const Rows& of, dim3 grid, dim3 block) {
    const auto kernel = apply_kernel<T, V>;
    SIMCLR_LAUNCH(kernel, grid, block, 0, stream, of, x, residual, norm, relu, y);
  });
}

template <class T>
cudaError_t batch_norm_sums(const T* dy, const T* y, const T* x, const double* mean, int64_t rows,
                            int64_t channels, double* scratch, double* sums, cudaStream_t stream) {
  return with_rows<T>(rows, channels, [&]<int V>(const Rows& of, dim3 grid, dim3 block) {
    const auto kernel = sums_kernel<T, V>;
    SIMCLR_LAUNCH(kernel, grid, block, 0, stream, of, dy, y, x, mean, scratch);
    SIMCLR_LAUNCH(sums_end_kernel, combine_blocks(channels), dim3(32, kCombineLanes), 0, stream, channels,
                  of.geometry.row_blocks, scratch, sums);
  });
}

template <class T>
cudaError_t batch_norm_input(const T* dy, const T* y, const T* x, const ChannelArrays& norm,
                             const double* sums, const RowCount& count, T* dx, T* d_residual, int64_t rows,
                             int64_t channels, cudaStream_t stream) {
  return with_rows<T>(rows, channels, [&]<int V>(const Rows& of, dim3 grid, dim3 block) {
    const auto kernel = input_kernel<T, V>;
    SIMCLR_LAUNCH(kernel, grid, block, 0, stream, of, dy, y, x, norm, sums, count, dx, d_residual);
  });
}

cudaError_t batch_norm_settle(const double* mean, const double* m2, const RowCount& count, double epsilon,
                              const RunningArrays& running, int64_t channels, double* rstd,
                              cudaStream_t stream) {
  SIMCLR_LAUNCH(settle_kernel, channel_blocks(channels), kChannelThreads, 0, stream, mean, m2, count, epsilon,
                running, channels, rstd);
  return cudaGetLastError();
}

cudaError_t batch_norm_parameters(const double* sums, const double* rstd, int64_t channels, float* d_scale,
                                  float* d_shift, cudaStream_t stream) {
  SIMCLR_LAUNCH(parameters_kernel, channel_blocks(channels), kChannelThreads, 0, stream, sums, rstd, channels,
                d_scale, d_shift);
  return cudaGetLastError();
}

#define SIMCLR_INSTANTIATE(T)                                                                              \
  template cudaError_t batch_norm_moments(const T*, int64_t, int64_t, double*, double*, double*,           \
                                          cudaStream_t);                                                   \
  template cudaError_t batch_norm_apply(const T*, const T*, const ChannelArrays&, bool, T*, int64_t,       \
                                        int64_t, cudaStream_t);                                            \
  template cudaError_t batch_norm_sums(const T*, const T*, const T*, const double*, int64_t, int64_t,      \
                                       double*, double*, cudaStream_t);                                    \
  template cudaError_t batch_norm_input(const T*, const T*, const T*, const ChannelArrays&, const double*, \
                                        const RowCount&, T*, T*, int64_t, int64_t, cudaStream_t);

SIMCLR_INSTANTIATE(float)
SIMCLR_INSTANTIATE(Bf16)
SIMCLR_INSTANTIATE(Half)

}  // namespace simclr::cuda
