#include "core/nn/selective_kernel.h"

#include <algorithm>

namespace simclr {

SelectiveKernel add_selective_kernel(Builder& builder, const std::string& name, int64_t in, int64_t filters,
                                     int64_t stride, double ratio, const BatchNormOptions& norm) {
  const int64_t squeezed = std::max<int64_t>(static_cast<int64_t>(static_cast<double>(filters) * ratio), 32);
  SelectiveKernel layer;
  layer.streams = add_conv(builder, name + ".streams", in, 2 * filters, 3, stride);
  layer.streams_norm = add_batch_norm(builder.parameters, name + ".streams_norm", 2 * filters, norm);
  layer.squeeze = add_conv(builder, name + ".squeeze", filters, squeezed, 1, 1);
  layer.squeeze_norm = add_batch_norm(builder.parameters, name + ".squeeze_norm", squeezed, norm);
  layer.expand = add_conv(builder, name + ".expand", squeezed, 2 * filters, 1, 1);
  return layer;
}

at::Tensor selective_kernel(const Context& context, const SelectiveKernel& layer, const at::Tensor& x) {
  const at::Tensor streams = batch_norm(context, layer.streams_norm, conv(context, layer.streams, x), true);
  const int64_t filters = streams.size(1) / 2;
  const at::Tensor a = streams.narrow(1, 0, filters), b = streams.narrow(1, filters, filters);
  const at::Tensor pooled = (a + b).mean({2, 3}, true);
  const at::Tensor squeezed =
      batch_norm(context, layer.squeeze_norm, conv(context, layer.squeeze, pooled), true);
  const at::Tensor logits =
      conv(context, layer.expand, squeezed);  // [N, 2f, 1, 1]: first half for A, second for B
  // A softmax over two is a sigmoid of their difference.
  const at::Tensor share = at::sigmoid(logits.narrow(1, 0, filters) - logits.narrow(1, filters, filters));
  return a * share + b * (1 - share);
}

}  // namespace simclr
