// Convolutions, dense layers and poolings of the two conventions, as free functions over a Context.
#pragma once

#include <string>

#include "core/convention.h"
#include "core/nn/context.h"
#include "core/nn/parameters.h"

namespace simclr {

/// A convolution without bias. Padding (k-1)/2 on both sides is the paper's "fixed padding" for stride 2 and
/// SAME for stride 1 as well as torchvision's (tf2/resnet.py conv2d_fixed_padding): the conventions agree.
struct Conv {
  int kernel = -1;
  int64_t stride = 1;
  int64_t padding = 0;
};

/// How networks are built: where arrays go, in which convention, from which seed.
struct Builder {
  Parameters& parameters;
  Convention convention;
  uint64_t seed;
};

Conv add_conv(Builder& builder, const std::string& name, int64_t in, int64_t out, int64_t size,
              int64_t stride);

/// x [N, in, H, W] in the weights' dtype (converted if not).
at::Tensor conv(const Context& context, const Conv& layer, const at::Tensor& x);

/// x [N, in] @ kernel [out, in]^T, no bias.
at::Tensor dense(const Context& context, int kernel, const at::Tensor& x);

/// 3x3/2 max pool. torch: pads 1 on both sides. paper: SAME, total pad max((ceil(n/2)-1)*2+3-n, 0), floor
/// half before.
at::Tensor stem_pool(const at::Tensor& x, Convention convention);

/// Average pool 2x2 of the selective-kernel shortcut (tf2/resnet.py): stride 2 appends one counted zero row
/// and column, stride 1 averages what lies inside.
at::Tensor shortcut_pool(const at::Tensor& x, int64_t stride);

/// Mean over H and W in fp32 (fp64 stays): [N, C].
at::Tensor global_average(const at::Tensor& x);

}  // namespace simclr
