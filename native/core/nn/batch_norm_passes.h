// The passes over memory that BatchNorm makes, two forward and two back, and what is settled for each channel
// between them; each in three forms: fused kernels for channels_last tensors on the CPU, a device's own
// kernels (core/device_kernels.h), and plain LibTorch operations for every other device and layout.
// Statistics are double.
#pragma once

#include <ATen/ATen.h>

#include <utility>

namespace simclr {

class Group;

constexpr double kBatchNormEpsilon = 1e-5;
constexpr double kBatchNormMomentum = 0.1;  // tf2's decay 0.9

/// What a layer does to one batch: its parameters, and the statistics of that batch (or the running ones).
struct Normalisation {
  at::Tensor scale, shift;  ///< [C]; `shift` may be undefined
  at::Tensor mean, rstd;    ///< [C], double
  at::Tensor count;         ///< rows of the whole group's batch, one double: on a GPU nobody waits for it
  Group* group = nullptr;   ///< null where mean and rstd do not depend on the batch
};

/// A layer's statistics over batches, and whether the variance is that of the unbiased estimate.
struct RunningStatistics {
  at::Tensor mean, var, batches;
  bool unbiased;
};

/// Mean and sum of squared deviations over all but dimension 1, double [C].
std::pair<at::Tensor, at::Tensor> local_moments(const at::Tensor& x);

/// 1 / sqrt(m2 / count + 1e-5), double [C], of a batch of `count` rows; `running`, if there is one, moves by
/// 0.1 towards it. `x` is what the moments are of.
at::Tensor settle(const at::Tensor& x, const at::Tensor& mean, const at::Tensor& m2, const at::Tensor& count,
                  const RunningStatistics* running);

/// scale (x - mean) rstd + shift (+ residual), clipped at 0 if `relu`. `residual` may be undefined.
at::Tensor normalise(const at::Tensor& x, const at::Tensor& residual, const Normalisation& norm, bool relu);

/// With g = dy where y > 0 (everywhere if y is undefined): sums over rows of g and of g (x - mean), double
/// [2, C].
at::Tensor gradient_sums(const at::Tensor& dy, const at::Tensor& y, const at::Tensor& x,
                         const at::Tensor& mean);

/// With the same g and the whole batch's `sums`: dx = scale rstd (g - mean(g) - xhat mean(g xhat)), of which
/// the means are left out where `sums` is undefined; d_residual = g if asked for.
struct InputGradients {
  at::Tensor x, residual;
};
InputGradients input_gradients(const at::Tensor& dy, const at::Tensor& y, const at::Tensor& x,
                               const Normalisation& norm, const at::Tensor& sums, bool residual);

/// From these sums, in the parameters' type.
struct ParameterGradients {
  at::Tensor scale, shift;
};
ParameterGradients parameter_gradients(const at::Tensor& x, const Normalisation& norm,
                                       const at::Tensor& sums);

/// The same on another device than the CPU.
class BatchNormKernels {
 public:
  virtual ~BatchNormKernels() = default;
  /// Whether they take x: its type and layout.
  virtual bool takes(const at::Tensor& x) const = 0;
  virtual std::pair<at::Tensor, at::Tensor> moments(const at::Tensor& x) const = 0;
  virtual at::Tensor settle(const at::Tensor& mean, const at::Tensor& m2, const at::Tensor& count,
                            const RunningStatistics* running) const = 0;
  virtual at::Tensor normalise(const at::Tensor& x, const at::Tensor& residual, const Normalisation& norm,
                               bool relu) const = 0;
  virtual at::Tensor gradient_sums(const at::Tensor& dy, const at::Tensor& y, const at::Tensor& x,
                                   const at::Tensor& mean) const = 0;
  virtual InputGradients input_gradients(const at::Tensor& dy, const at::Tensor& y, const at::Tensor& x,
                                         const Normalisation& norm, const at::Tensor& sums,
                                         bool residual) const = 0;
  virtual ParameterGradients parameter_gradients(const Normalisation& norm, const at::Tensor& sums) const = 0;
};

}  // namespace simclr
