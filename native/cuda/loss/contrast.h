// NT-Xent between unit vectors on a CUDA device, over LibTorch's tensors.
#pragma once

#include "core/loss/contrast.h"

namespace simclr::cuda {

/// Whether the tensor-core kernels take unit rows `z` that came from an encoder computing in `encoder`: two
/// views an image, half precision there (who trains in float32 gets float32 products), rows that fit, no
/// lower temperature than float's range allows.
bool takes_contrast(const at::Tensor& z, at::ScalarType encoder, const ContrastOptions& options);

/// As contrast_strips.
ContrastResult contrast(const at::Tensor& z, int64_t count, const at::Tensor& first,
                        const ContrastOptions& options, Group& group);

}  // namespace simclr::cuda
