// NT-Xent between unit vectors on a CUDA device, over LibTorch's tensors.
#pragma once

#include <utility>

#include "core/loss/contrast.h"

namespace simclr::cuda {

/// Whether the tensor-core kernels take rows `z`, once they have unit length, that came from an encoder
/// computing in `encoder`: two views an image, half precision there (who trains in float32 gets float32
/// products), rows that fit, no lower temperature than float's range allows.
bool takes_contrast(const at::Tensor& z, at::ScalarType encoder, const ContrastOptions& options);

/// Rows divided by max(|row|, `smallest`), [n, dim], and these norms, [n, 1].
std::pair<at::Tensor, at::Tensor> unit_rows(const at::Tensor& z, double smallest);

/// In place: the gradient with respect to unit rows becomes that with respect to the rows.
void unit_rows_backward(at::Tensor& gradient, const at::Tensor& unit, const at::Tensor& norms,
                        double smallest);

/// As contrast_strips.
ContrastResult contrast(const at::Tensor& z, int64_t count, const at::Tensor& first,
                        const ContrastOptions& options, Group& group);

}  // namespace simclr::cuda
