#include "core/nn/convolution.h"

#include <ATen/Version.h>
#include <torch/csrc/autograd/custom_function.h>

#include <sstream>

#include "core/error.h"
#include "core/machine/limits.h"
#include "core/nn/convolution_products.h"
#include "core/nn/convolution_tiles.h"

namespace simclr {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Every `stride`th row and column of x, from the first on.
at::Tensor every(int64_t stride, const at::Tensor& x) {
  return x.slice(2, 0, std::nullopt, stride).slice(3, 0, std::nullopt, stride);
}

/// Operands in float32, and what is best for those.
struct Wide {
  Wide(const at::Tensor& narrow, const at::Tensor& kernel_of_it, int64_t stride, int64_t padding)
      : x(narrow.to(at::kFloat)),
        kernel(kernel_of_it.to(at::kFloat)),
        algorithm(choose_algorithm(conv_geometry(x, kernel, stride, padding), x)) {}

  const at::Tensor x, kernel;
  const ConvAlgorithm algorithm;
};

/// A strided 1x1 convolution on a CPU: the pixels it reads, then stride 1. oneDNN's own way of doing that
/// writes past its scratch memory: 8 channels at 56x56 corrupt the heap (LibTorch 2.13 and 2.14, float32,
/// AVX-512).
bool skips_pixels(const at::Tensor& x, const ConvGeometry& g) {
  return x.device().is_cpu() && g.size == 1 && g.stride > 1 && g.padding == 0;
}

/// Below this speed in bf16, relative to float32, float32 and the way there are faster (docs/performance.md).
/// The bound of lib/config/precision.ts.
constexpr double kSlowBf16 = 0.75;

/// Products of halves are hardly more than plain loops in LibTorch on a CPU.
bool wants_float(const at::Tensor& x) {
  if (!x.device().is_cpu()) return false;
  const auto type = x.scalar_type();
  return type == at::kHalf || (type == at::kBFloat16 && bf16_speed() < kSlowBf16);
}

/// Whether LibTorch's gradient of the kernel is slower than products of patches: oneDNN's kernel for AVX2
/// reaches 56 % of the speed of products (ResNet-18's 3x3 shapes, float32), 1x1 kernels take 1.35 times as
/// long (ResNet-50's). Patches of fewer channels cost more to gather than they save.
bool slow_kernel_gradient(const at::Tensor& x, const ConvGeometry& g) {
  constexpr int64_t kFewChannels = 32;
  static const bool avx2 = at::get_cpu_capability() == "AVX2";
  return avx2 && x.device().is_cpu() && x.scalar_type() == at::kFloat &&
         (patches_are_pixels(g) || g.in_channels >= kFewChannels);
}

/// The processor's tiles where they beat LibTorch's gradient of the kernel, else null: with AMX, oneDNN's
/// reaches a tenth of the speed of products at few pixels and at stride 2 and half of it elsewhere
/// (docs/performance.md). 1x1 kernels gain nothing.
const TileKernels* tiles_for(const at::Tensor& x, const ConvGeometry& g) {
  const bool fit = x.device().is_cpu() && x.scalar_type() == at::kBFloat16 && g.size > 1 && fills_tiles(g);
  return fit ? fast_tiles() : nullptr;
}

struct ConvolutionNode : public torch::autograd::Function<ConvolutionNode> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, const at::Tensor& kernel,
                            int64_t stride, int64_t padding, int64_t algorithm) {
    ctx->save_for_backward({x, kernel});
    ctx->saved_data["stride"] = stride;
    ctx->saved_data["padding"] = padding;
    ctx->saved_data["algorithm"] = algorithm;
    return convolve(x, kernel, stride, padding, static_cast<ConvAlgorithm>(algorithm));
  }

  static variable_list backward(AutogradContext* ctx, const variable_list& gradients) {
    const variable_list saved = ctx->get_saved_variables();
    const auto algorithm = static_cast<ConvAlgorithm>(ctx->saved_data["algorithm"].toInt());
    const ConvBackward out(gradients[0], saved[0], saved[1], ctx->saved_data["stride"].toInt(),
                           ctx->saved_data["padding"].toInt(), algorithm);
    const at::Tensor dx = ctx->needs_input_grad(0) ? out.x_gradient() : at::Tensor();
    return {dx, out.kernel_gradient(), {}, {}, {}};
  }
};

}  // namespace

ConvGeometry conv_geometry(const at::Tensor& x, const at::Tensor& kernel, int64_t stride, int64_t padding) {
  if (x.dim() != 4 || kernel.dim() != 4 || x.size(1) != kernel.size(1) || kernel.size(2) != kernel.size(3)) {
    std::ostringstream received;
    received << x.sizes() << " and " << kernel.sizes();
    throw Error("ERR_SIMCLR_INVALID_ARGUMENT",
                "Expected x [N, I, H, W] and a kernel [O, I, k, k] but received " + received.str());
  }
  ConvGeometry g{x.size(0), x.size(2),      x.size(3),      x.size(1), 0,
                 0,         kernel.size(0), kernel.size(2), stride,    padding};
  g.out_height = (g.in_height + 2 * padding - g.size) / stride + 1;
  g.out_width = (g.in_width + 2 * padding - g.size) / stride + 1;
  return g;
}

ConvAlgorithm choose_algorithm(const ConvGeometry& g, const at::Tensor& x) {
  const auto type = x.scalar_type();
  if (wants_float(x)) return ConvAlgorithm::wide;
  if (!x.device().is_cpu() || (type != at::kFloat && type != at::kBFloat16 && type != at::kDouble)) {
    return ConvAlgorithm::native;
  }
  if (g.size == 1) {
    const int64_t small = type == at::kBFloat16 ? 16 : 4;
    return g.out_pixels() <= small ? ConvAlgorithm::unfold : ConvAlgorithm::native;
  }
  // (A single pixel must not go to oneDNN in bf16: it leaves gradients of unseen taps uninitialised at
  // stride 2.) Written out, the kernel has in_pixels * out_pixels blocks instead of taps: less work up to
  // 2x2.
  if (g.in_pixels() <= 4) return ConvAlgorithm::dense;
  // 4x4 inputs that shrink: 1.8 times the work, which large products in bf16 make up for; in fp32 they run as
  // fast as small ones.
  if (g.in_pixels() <= 16 && g.out_pixels() <= 4) return ConvAlgorithm::unfold;
  return ConvAlgorithm::native;
}

at::Tensor convolution(const at::Tensor& x, const at::Tensor& kernel, int64_t stride, int64_t padding) {
  return convolution(x, kernel, stride, padding,
                     choose_algorithm(conv_geometry(x, kernel, stride, padding), x));
}

at::Tensor convolution(const at::Tensor& x, const at::Tensor& kernel, int64_t stride, int64_t padding,
                       ConvAlgorithm algorithm) {
  if (algorithm == ConvAlgorithm::native) {
    const ConvGeometry g = conv_geometry(x, kernel, stride, padding);
    if (!slow_kernel_gradient(x, g) && tiles_for(x, g) == nullptr)
      return convolve(x, kernel, stride, padding, algorithm);
  }
  return ConvolutionNode::apply(x, kernel, stride, padding, static_cast<int64_t>(algorithm));
}

at::Tensor convolve(const at::Tensor& x, const at::Tensor& kernel, int64_t stride, int64_t padding,
                    ConvAlgorithm algorithm) {
  if (algorithm == ConvAlgorithm::wide) {
    const Wide wide(x, kernel, stride, padding);
    return convolve(wide.x, wide.kernel, stride, padding, wide.algorithm).to(x.scalar_type());
  }
  const ConvGeometry g = conv_geometry(x, kernel, stride, padding);
  if (skips_pixels(x, g))
    return convolve(every(stride, x).contiguous(at::MemoryFormat::ChannelsLast), kernel, 1, 0, algorithm);
  if (algorithm == ConvAlgorithm::native)
    return at::conv2d(x, kernel, {}, {stride, stride}, {padding, padding});
  return algorithm == ConvAlgorithm::dense ? dense_forward(x, kernel, g) : unfold_forward(x, kernel, g);
}

ConvBackward::ConvBackward(const at::Tensor& dy, const at::Tensor& x, const at::Tensor& kernel,
                           int64_t stride, int64_t padding, ConvAlgorithm algorithm)
    : x_type_(x.scalar_type()),
      kernel_type_(kernel.scalar_type()),
      algorithm_(algorithm),
      x_(x),
      kernel_(kernel),
      skipping_(stride) {
  if (algorithm == ConvAlgorithm::wide) {
    const Wide wide(x, kernel, stride, padding);
    x_ = wide.x;
    kernel_ = wide.kernel;
    algorithm_ = wide.algorithm;
  }
  dy_ = dy.to(x_.scalar_type());
  g_ = conv_geometry(x_, kernel_, stride, padding);
  if (skips_pixels(x_, g_)) {
    whole_ = x_;
    x_ = every(stride, x_).contiguous(at::MemoryFormat::ChannelsLast);
    g_ = conv_geometry(x_, kernel_, 1, 0);
  }
}

at::Tensor ConvBackward::native(bool of_kernel) const {
  const auto out = at::convolution_backward(dy_, x_, kernel_, at::OptionalIntArrayRef(),
                                            {g_.stride, g_.stride}, {g_.padding, g_.padding}, {1, 1}, false,
                                            {0, 0}, 1, {!of_kernel, of_kernel, false});
  return of_kernel ? std::get<1>(out) : std::get<0>(out);
}

at::Tensor ConvBackward::x_gradient() const {
  at::Tensor dx = algorithm_ == ConvAlgorithm::native  ? native(false)
                  : algorithm_ == ConvAlgorithm::dense ? dense_input_gradient(dy_, kernel_, g_)
                                                       : unfold_input_gradient(dy_, kernel_, g_);
  if (whole_.defined()) {
    const at::Tensor all = at::zeros_like(whole_);
    every(skipping_, all).copy_(dx);
    dx = all;
  }
  return dx.to(x_type_);
}

at::Tensor ConvBackward::kernel_gradient() const {
  at::Tensor dkernel;
  if (algorithm_ == ConvAlgorithm::dense) {
    dkernel = dense_kernel_gradient(dy_, x_, g_);
  } else if (const TileKernels* tiles = tiles_for(x_, g_)) {
    dkernel = tile_kernel_gradient(dy_, x_, g_, *tiles);
  } else if (algorithm_ == ConvAlgorithm::unfold || slow_kernel_gradient(x_, g_)) {
    dkernel = unfold_kernel_gradient(dy_, x_, g_);
  } else {
    dkernel = native(true);
  }
  return dkernel.to(kernel_type_);
}

}  // namespace simclr
