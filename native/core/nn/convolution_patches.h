// The copies behind convolutions as matrix products. All arrays are NHWC or OHWI; a "pixel" is its channels,
// contiguous.
#pragma once

#include "core/nn/convolution.h"

namespace simclr {

/// The kernel [O, k, k, I] as a matrix [P * O, Q * I] from the Q input pixels to the P output pixels; zero
/// where an output pixel does not see an input pixel.
at::Tensor expand_kernel(const at::Tensor& kernel, const ConvGeometry& geometry);

/// The transpose of expand_kernel: sums a gradient [P * O, Q * I] over the places a tap was written to, in
/// fp32 or fp64, → [O, I, k, k] channels_last in the gradient's type.
at::Tensor collapse_kernel(const at::Tensor& gradient, const ConvGeometry& geometry);

/// Patches of images [first, first + count): [count * P, k * k * I], zero outside the image.
void gather_patches(const at::Tensor& x, const ConvGeometry& geometry, int64_t first, int64_t count,
                    at::Tensor& patches);

/// The transpose of gather_patches: adds patches back into images [first, first + count) of `x`, fp32 or
/// fp64.
void scatter_patches(const at::Tensor& patches, const ConvGeometry& geometry, int64_t first, int64_t count,
                     at::Tensor& x);

}  // namespace simclr
