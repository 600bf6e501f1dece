// Selective kernels (Li et al. 2019) as SimCLR v2 uses them in place of a bottleneck's 3x3 (tf2/resnet.py,
// SK_Conv2D).
#pragma once

#include <string>

#include "core/nn/batch_norm.h"
#include "core/nn/layers.h"

namespace simclr {

/// Convolution to 2f channels, BN, ReLU; the halves A and B are mixed per channel by a softmax over the pair,
/// computed from the mean over H, W of A + B through a squeeze to max(int(f * ratio), 32) and an expansion.
struct SelectiveKernel {
  Conv streams;
  BatchNorm streams_norm;
  Conv squeeze;
  BatchNorm squeeze_norm;
  Conv expand;
};

SelectiveKernel add_selective_kernel(Builder& builder, const std::string& name, int64_t in, int64_t filters,
                                     int64_t stride, double ratio, const BatchNormOptions& norm);

/// x [N, in, H, W] → [N, filters, H / stride, W / stride].
at::Tensor selective_kernel(const Context& context, const SelectiveKernel& layer, const at::Tensor& x);

}  // namespace simclr
