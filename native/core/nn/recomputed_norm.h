// BatchNorm and ReLU together with what takes their value: the value is not kept for the backward pass but
// computed again, which costs a pass over memory and saves a quarter of ResNet-18's activations, a sixth of
// ResNet-50's. The same values and gradients as one after the other, bit for bit.
#pragma once

#include <optional>

#include "core/nn/batch_norm.h"
#include "core/nn/layers.h"

namespace simclr {

/// conv(relu(batch_norm(x))).
at::Tensor norm_relu_conv(const Context& context, const BatchNorm& norm, const Conv& layer,
                          const at::Tensor& x);

/// stem_pool(relu(batch_norm(x))).
at::Tensor norm_relu_pool(const Context& context, const BatchNorm& norm, Convention convention,
                          const at::Tensor& x);

/// act(batch_norm(conv(x)) [+ residual]), x = relu(batch_norm(h)) if there is a norm `before`, else h; act =
/// ReLU or identity. Where the convolution is thin (1x1 over few channels, as those that widen the first
/// group of a bottleneck ResNet), its output is computed again too: it is large, and costs few products a
/// value.
at::Tensor conv_norm(const Context& context, const BatchNorm* before, const Conv& layer,
                     const BatchNorm& norm, const at::Tensor& h, bool relu,
                     const std::optional<at::Tensor>& residual = std::nullopt);

}  // namespace simclr
