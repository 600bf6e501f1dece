#include "core/nn/meta_device.h"

#include <ATen/ATen.h>
#include <ATen/ExpandUtils.h>
#include <torch/library.h>

#include <array>
#include <optional>
#include <tuple>

namespace simclr {
namespace {

using Sizes = c10::SymIntArrayRef;

at::Tensor convolution(const at::Tensor& x, const at::Tensor& kernel, const std::optional<at::Tensor>&,
                       Sizes stride, Sizes padding, Sizes dilation, bool, Sizes, c10::SymInt) {
  std::vector<int64_t> shape = {x.size(0), kernel.size(0)};
  for (int64_t d = 2; d < x.dim(); ++d) {
    const int64_t reach = dilation[d - 2].expect_int() * (kernel.size(d) - 1) + 1;
    shape.push_back((x.size(d) + 2 * padding[d - 2].expect_int() - reach) / stride[d - 2].expect_int() + 1);
  }
  return at::empty(shape, x.options(), at::MemoryFormat::ChannelsLast);
}

std::tuple<at::Tensor, at::Tensor, at::Tensor> convolution_backward(const at::Tensor&, const at::Tensor& x,
                                                                    const at::Tensor& kernel, Sizes, Sizes,
                                                                    Sizes, bool, Sizes, c10::SymInt,
                                                                    std::array<bool, 3> wanted) {
  return {wanted[0] ? at::empty_like(x) : at::Tensor(), wanted[1] ? at::empty_like(kernel) : at::Tensor(),
          at::Tensor()};
}

at::Tensor where(const at::Tensor& condition, const at::Tensor& a, const at::Tensor& b) {
  const auto shape = at::infer_size(at::infer_size(condition.sizes(), a.sizes()), b.sizes());
  return at::empty(shape, a.options().dtype(at::result_type(a, b)));
}

}  // namespace

void enable_meta_device() {
  static torch::Library library = [] {
    torch::Library meta(torch::Library::IMPL, "aten", c10::DispatchKey::Meta, __FILE__, __LINE__);
    meta.impl("convolution_overrideable", TORCH_FN(convolution));
    meta.impl("convolution_backward_overrideable", TORCH_FN(convolution_backward));
    meta.impl("where.self", TORCH_FN(where));
    return meta;
  }();
}

}  // namespace simclr
