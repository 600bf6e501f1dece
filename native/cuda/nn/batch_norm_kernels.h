// BatchNorm with ReLU and residual addition on [rows, channels] arrays (channels_last), each pass touching
// memory once: the four passes of core/nn/batch_norm_passes.h. Statistics are summed in double, in one order
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

/// y = (x - mean) * scale + shift (+ residual), then max(0, y) if `relu`. `residual` may be null.
template <class T>
cudaError_t batch_norm_apply(const T* x, const T* residual, const float* mean, const float* scale,
                             const float* shift, bool relu, T* y, int64_t rows, int64_t channels,
                             cudaStream_t stream);

/// With g = dy where y > 0 (everywhere if `y` is null): sums of g and of g * (x - mean), each channel.
template <class T>
cudaError_t batch_norm_sums(const T* dy, const T* y, const T* x, const float* mean, int64_t rows,
                            int64_t channels, double* scratch, double* sum_g, double* sum_gx,
                            cudaStream_t stream);

/// dx = g * scale + (x - mean) * slope + offset; d_residual = g if it is not null.
template <class T>
cudaError_t batch_norm_input(const T* dy, const T* y, const T* x, const float* mean, const float* scale,
                             const float* slope, const float* offset, T* dx, T* d_residual, int64_t rows,
                             int64_t channels, cudaStream_t stream);

}  // namespace simclr::cuda
