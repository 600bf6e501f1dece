// A convolution and its gradients as matrix products, in the two ways of ConvAlgorithm: dense and unfold. x
// and dy are [N, C, H, W], kernels [O, I, k, k]; results are channels_last.
#pragma once

#include "core/nn/convolution.h"

namespace simclr {

/// Whether nothing is gathered: a 1x1 kernel's patches are the pixels, where they lie.
bool patches_are_pixels(const ConvGeometry& geometry);

at::Tensor dense_forward(const at::Tensor& x, const at::Tensor& kernel, const ConvGeometry& geometry);
at::Tensor dense_input_gradient(const at::Tensor& dy, const at::Tensor& kernel, const ConvGeometry& geometry);
at::Tensor dense_kernel_gradient(const at::Tensor& dy, const at::Tensor& x, const ConvGeometry& geometry);

at::Tensor unfold_forward(const at::Tensor& x, const at::Tensor& kernel, const ConvGeometry& geometry);
at::Tensor unfold_input_gradient(const at::Tensor& dy, const at::Tensor& kernel,
                                 const ConvGeometry& geometry);
at::Tensor unfold_kernel_gradient(const at::Tensor& dy, const at::Tensor& x, const ConvGeometry& geometry);

}  // namespace simclr
