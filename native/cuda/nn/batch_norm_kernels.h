// BatchNorm with ReLU and residual addition on [rows, channels] arrays (channels_last), each pass touching
// memory once: the passes of core/nn/batch_norm_passes.h. Statistics are summed in double, in one order
// on every GPU, without atomics.
#pragma once

#include <cstdint>

#include "cuda/element.h"
#include "cuda/launch.h"

namespace simclr::cuda {

/// Doubles of scratch memory that `batch_norm_moments` and `batch_norm_sums` need.
int64_t batch_norm_scratch(int64_t rows, int64_t channels, int element_bytes);

/// Mean and sum of squared deviations of each channel.
template <class T>
cudaError_t batch_norm_moments(const T* x, int64_t rows, int64_t channels, double* scratch, double* mean,
                               double* m2, cudaStream_t stream);

/// Rows of the whole batch: a number, or one on the device.
struct RowCount {
  double value;
  const double* array;  ///< null: `value`
};

/// A layer's statistics over batches, moved by `momentum`; null arrays: none.
struct RunningArrays {
  float* mean;
  float* var;
  int64_t* batches;  ///< one number
  double momentum;
  bool unbiased;
};

/// 1 / sqrt(m2 / count + epsilon) of each channel; moves the running statistics.
cudaError_t batch_norm_settle(const double* mean, const double* m2, const RowCount& count, double epsilon,
                              const RunningArrays& running, int64_t channels, double* rstd,
                              cudaStream_t stream);

/// Of each channel. `shift` may be null.
struct ChannelArrays {
  const double* mean;
  const double* rstd;
  const float* scale;
  const float* shift;
};

/// y = (x - mean) * rstd * scale + shift (+ residual), then max(0, y) if `relu`. `residual` may be null.
template <class T>
cudaError_t batch_norm_apply(const T* x, const T* residual, const ChannelArrays& norm, bool relu, T* y,
                             int64_t rows, int64_t channels, cudaStream_t stream);

/// With g = dy where y > 0 (everywhere if `y` is null): sums of g, then of g * (x - mean), each channel:
/// [2, channels].
template <class T>
cudaError_t batch_norm_sums(const T* dy, const T* y, const T* x, const double* mean, int64_t rows,
                            int64_t channels, double* scratch, double* sums, cudaStream_t stream);

/// dx from the whole batch's sums (null: statistics that do not depend on it); d_residual = g if it is not
/// null.
template <class T>
cudaError_t batch_norm_input(const T* dy, const T* y, const T* x, const ChannelArrays& norm,
                             const double* sums, const RowCount& count, T* dx, T* d_residual, int64_t rows,
                             int64_t channels, cudaStream_t stream);

/// d scale = sum of g (x - mean) rstd, d shift = sum of g.
cudaError_t batch_norm_parameters(const double* sums, const double* rstd, int64_t channels, float* d_scale,
                                  float* d_shift, cudaStream_t stream);

}  // namespace simclr::cuda
