// Rows divided by their lengths, and the way back of a gradient: one launch each.
#pragma once

#include <cstdint>

#include "cuda/launch.h"

namespace simclr::cuda {

/// `norms` [rows] = max(|row|, smallest) of `z` [rows, dim], `unit` [rows, dim] = row / norm.
cudaError_t unit_rows(const float* z, int64_t rows, int dim, float smallest, float* unit, float* norms,
                      cudaStream_t stream);

/// `gradient` [rows, dim], with respect to unit rows, becomes that with respect to the rows
/// themselves: (g - u (g · u)) / norm, without the part along u where the norm is `smallest`, a constant
/// then.
cudaError_t unit_rows_backward(const float* unit, const float* norms, int64_t rows, int dim, float smallest,
                               float* gradient, cudaStream_t stream);

}  // namespace simclr::cuda
