#include "core/nn/layers.h"

#include <algorithm>
#include <limits>

#include "core/nn/convolution.h"
#include "core/nn/init.h"

namespace simclr {

Conv add_conv(Builder& builder, const std::string& name, int64_t in, int64_t out, int64_t size,
              int64_t stride) {
  const std::string full = name + ".weight";
  const at::Tensor kernel = conv_kernel({out, in, size, size}, builder.convention, builder.seed, full);
  return {builder.parameters.add(full, kernel, true, Exclusion::kNone), stride, (size - 1) / 2};
}

at::Tensor conv(const Context& context, const Conv& layer, const at::Tensor& x) {
  const at::Tensor& kernel = context.weights[layer.kernel];
  const auto type = kernel.scalar_type(), sum = context.exact_sums ? at::kDouble : type;
  return convolution(x.to(type).to(sum), kernel.to(sum), layer.stride, layer.padding).to(type);
}

at::Tensor dense(const Context& context, int kernel, const at::Tensor& x) {
  const at::Tensor& weight = context.weights[kernel];
  const auto type = weight.scalar_type();
  // LibTorch has hardly more than plain loops for halves on a CPU; sums are float's there as they are on a
  // GPU.
  const bool halves = type == at::kHalf && weight.device().is_cpu();
  const auto sum = context.exact_sums ? at::kDouble : halves ? at::kFloat : type;
  return at::linear(x.to(type).to(sum), weight.to(sum)).to(type);
}

at::Tensor stem_pool(const at::Tensor& x, Convention convention) {
  if (convention == Convention::kTorch) return at::max_pool2d(x, {3, 3}, {2, 2}, {1, 1});
  const auto before_after = [](int64_t n) {
    const int64_t total = std::max<int64_t>(((n + 1) / 2 - 1) * 2 + 3 - n, 0);
    return std::pair(total / 2, total - total / 2);
  };
  const auto [top, bottom] = before_after(x.size(2));
  const auto [left, right] = before_after(x.size(3));
  const double lowest = -std::numeric_limits<double>::infinity();
  return at::max_pool2d(at::constant_pad_nd(x, {left, right, top, bottom}, lowest), {3, 3}, {2, 2});
}

at::Tensor shortcut_pool(const at::Tensor& x, int64_t stride) {
  at::Tensor padded;
  if (stride == 1) {
    // Repeating the last row and column averages, at the edge, exactly the cells inside.
    padded = at::cat({x, x.narrow(2, x.size(2) - 1, 1)}, 2);
    padded = at::cat({padded, padded.narrow(3, x.size(3) - 1, 1)}, 3);
  } else {
    padded = at::constant_pad_nd(x, {0, 1, 0, 1}, 0);
  }
  return at::avg_pool2d(padded, {2, 2}, {stride, stride});
}

at::Tensor global_average(const at::Tensor& x) {
  return x.mean({2, 3}, false, x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat);
}

}  // namespace simclr
