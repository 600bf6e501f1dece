// BatchNorm's arithmetic for one value, as kernels for GPUs compute it.
#pragma once

#include <cmath>

#include "core/host_device.h"

namespace simclr {

/// (x - mean) scale + shift (+ residual), clipped at 0 if `relu`; NaN stays.
SIMCLR_HD inline float batch_norm_value(float x, float mean, float scale, float shift, float residual,
                                        bool relu) {
  const float y = (x - mean) * scale + shift + residual;
  return relu && y < 0 ? 0 : y;
}

/// The gradient that reaches BatchNorm: dy where the output was positive.
SIMCLR_HD inline float relu_gradient(float dy, float y, bool relu) { return !relu || y > 0 ? dy : 0; }

/// 1 / sqrt(m2 / count + epsilon)
SIMCLR_HD inline double batch_norm_rstd(double m2, double count, double epsilon) {
  return 1 / sqrt(m2 / count + epsilon);
}

/// A running statistic after a batch's, as lerp does it.
SIMCLR_HD inline float running_statistic(float running, double batch, double momentum) {
  return running + static_cast<float>(momentum) * (static_cast<float>(batch) - running);
}

/// The variance that the running one moves towards: of `count` rows, or the unbiased estimate.
SIMCLR_HD inline double running_variance(double m2, double count, bool unbiased) {
  return m2 / count * (unbiased ? count / (count > 2 ? count - 1 : 1) : 1);
}

/// Of dx = g scale rstd + (x - mean) slope + offset: the means of g and g (x - mean) over the whole batch
/// taken out.
SIMCLR_HD inline double batch_norm_slope(double scale, double rstd, double mean_gx) {
  return -scale * rstd * rstd * rstd * mean_gx;
}
SIMCLR_HD inline double batch_norm_offset(double scale, double rstd, double mean_g) {
  return -scale * rstd * mean_g;
}

/// g scale + (x - mean) slope + offset
SIMCLR_HD inline float batch_norm_input_gradient(float g, float x, float mean, float scale, float slope,
                                                 float offset) {
  return g * scale + (x - mean) * slope + offset;
}

}  // namespace simclr
