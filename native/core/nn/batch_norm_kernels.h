// BatchNorm with ReLU and residual addition on the CPU, channels last, each pass touching memory once.
// All arrays are [rows, channels], rows = N * H * W. `T` is float, double or at::BFloat16; coefficients and
// accumulators are Acc<T>: double for double, float otherwise, flushed to double every few rows.
#pragma once

#include <c10/util/BFloat16.h>

#include <cstdint>
#include <type_traits>

namespace simclr {

template <class T>
using Acc = std::conditional_t<std::is_same_v<T, double>, double, float>;

/// Mean and sum of squared deviations of each channel.
template <class T>
void batch_norm_moments(const T* x, int64_t rows, int64_t channels, double* mean, double* m2);

/// y = (x - mean) * scale + shift (+ residual), then max(0, y) if `relu`. `residual` may be null. (Folding
/// the mean into the shift would cancel digits where it is large.)
template <class T>
void batch_norm_apply(const T* x, const T* residual, const Acc<T>* mean, const Acc<T>* scale,
                      const Acc<T>* shift, bool relu, T* y, int64_t rows, int64_t channels);

/// With g = dy where y > 0 (everywhere if `y` is null): sum of g and of g * (x - mean), each channel.
template <class T>
void batch_norm_backward_sums(const T* dy, const T* y, const T* x, const Acc<T>* mean, int64_t rows,
                              int64_t channels, double* sum_g, double* sum_gx);

/// dx = g * scale + (x - mean) * slope + offset; d_residual = g if it is not null. g as above.
template <class T>
void batch_norm_backward_input(const T* dy, const T* y, const T* x, const Acc<T>* mean, const Acc<T>* scale,
                               const Acc<T>* slope, const Acc<T>* offset, T* dx, T* d_residual, int64_t rows,
                               int64_t channels);

}  // namespace simclr
