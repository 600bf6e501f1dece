// The gradient of a convolution's kernel in bf16 from tiles (tiles.h), without gathering patches.
#pragma once

#include "core/nn/convolution.h"
#include "core/nn/tiles.h"

namespace simclr {

/// Whether channels fill tiles.
bool fills_tiles(const ConvGeometry& geometry);

/// dy [N, O, H', W'] and x [N, I, H, W], bf16 → [O, I, k, k], channels_last, float32 as its sums are.
/// Throws ERR_SIMCLR_INVALID_ARGUMENT unless fills_tiles().
at::Tensor tile_kernel_gradient(const at::Tensor& dy, const at::Tensor& x, const ConvGeometry& geometry,
                                const TileKernels& tiles);

}  // namespace simclr
