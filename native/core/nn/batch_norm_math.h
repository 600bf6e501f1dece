// BatchNorm's arithmetic for one value, as kernels for GPUs compute it.
#pragma once

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

/// g scale + (x - mean) slope + offset
SIMCLR_HD inline float batch_norm_input_gradient(float g, float x, float mean, float scale, float slope,
                                                 float offset) {
  return g * scale + (x - mean) * slope + offset;
}

}  // namespace simclr
