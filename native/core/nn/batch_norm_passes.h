// The four passes over memory that BatchNorm makes, each in three forms: fused kernels for channels_last
// tensors on the CPU, a device's own kernels (core/device_kernels.h), and plain LibTorch operations for every
// other device and layout. Statistics are double.
#pragma once

#include <ATen/ATen.h>

#include <utility>

namespace simclr {

/// Mean and sum of squared deviations over all but dimension 1, double [C].
std::pair<at::Tensor, at::Tensor> local_moments(const at::Tensor& x);

/// scale (x - mean) rstd + shift (+ residual), clipped at 0 if `relu`. `shift` and `residual` may be
/// undefined.
at::Tensor normalise(const at::Tensor& x, const at::Tensor& residual, const at::Tensor& mean,
                     const at::Tensor& rstd, const at::Tensor& scale, const at::Tensor& shift, bool relu);

/// With g = dy where y > 0 (everywhere if y is undefined): sums over rows of g and g (x - mean), double [C].
struct GradientSums {
  at::Tensor g, gx;
};
GradientSums gradient_sums(const at::Tensor& dy, const at::Tensor& y, const at::Tensor& x,
                           const at::Tensor& mean);

/// dx = g scale + (x - mean) slope + offset (slope and offset may be undefined: 0), d_residual = g if asked
/// for.
struct InputGradients {
  at::Tensor x, residual;
};
InputGradients input_gradients(const at::Tensor& dy, const at::Tensor& y, const at::Tensor& x,
                               const at::Tensor& mean, const at::Tensor& scale, const at::Tensor& slope,
                               const at::Tensor& offset, bool residual);

/// The same on another device than the CPU. `mean` etc. are per channel, of any floating type; `scale` is
/// already multiplied by rstd.
class BatchNormKernels {
 public:
  virtual ~BatchNormKernels() = default;
  /// Whether they take x: its type and layout.
  virtual bool takes(const at::Tensor& x) const = 0;
  virtual std::pair<at::Tensor, at::Tensor> moments(const at::Tensor& x) const = 0;
  virtual at::Tensor normalise(const at::Tensor& x, const at::Tensor& residual, const at::Tensor& mean,
                               const at::Tensor& scale, const at::Tensor& shift, bool relu) const = 0;
  virtual GradientSums gradient_sums(const at::Tensor& dy, const at::Tensor& y, const at::Tensor& x,
                                     const at::Tensor& mean) const = 0;
  virtual InputGradients input_gradients(const at::Tensor& dy, const at::Tensor& y, const at::Tensor& x,
                                         const at::Tensor& mean, const at::Tensor& scale,
                                         const at::Tensor& slope, const at::Tensor& offset,
                                         bool residual) const = 0;
};

}  // namespace simclr
