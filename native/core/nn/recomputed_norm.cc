#include "core/nn/recomputed_norm.h"

#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include "core/nn/batch_norm_passes.h"
#include "core/nn/convolution.h"

namespace simclr {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;
using MaybeTensor = std::optional<at::Tensor>;

/// What a node keeps of a Normalisation besides its tensors.
void keep(AutogradContext* ctx, int64_t count, int64_t group) {
  ctx->saved_data["count"] = count;
  ctx->saved_data["group"] = group;
}

/// It again; `saved` are the node's tensors: x, scale, shift, mean, rstd and others.
Normalisation kept(const AutogradContext* ctx, const variable_list& saved) {
  return {saved[1],
          saved[2],
          saved[3],
          saved[4],
          ctx->saved_data.at("count").toInt(),
          reinterpret_cast<Group*>(ctx->saved_data.at("group").toInt())};
}

at::Tensor value(const at::Tensor& x, const Normalisation& norm) {
  return normalise(x, {}, norm.mean, norm.rstd, norm.scale, norm.shift, true);
}

struct NormConvolutionNode : public torch::autograd::Function<NormConvolutionNode> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, const at::Tensor& scale,
                            const MaybeTensor& shift, const at::Tensor& mean, const at::Tensor& rstd,
                            int64_t count, int64_t group, const at::Tensor& kernel, int64_t stride,
                            int64_t padding) {
    const at::Tensor b = shift.value_or(at::Tensor());
    const at::Tensor y = value(x, {scale, b, mean, rstd});
    const ConvAlgorithm algorithm = choose_algorithm(conv_geometry(y, kernel, stride, padding), y);
    ctx->save_for_backward({x, scale, b, mean, rstd, kernel});
    keep(ctx, count, group);
    ctx->saved_data["stride"] = stride;
    ctx->saved_data["padding"] = padding;
    ctx->saved_data["algorithm"] = static_cast<int64_t>(algorithm);
    return convolve(y, kernel, stride, padding, algorithm);
  }

  static variable_list backward(AutogradContext* ctx, const variable_list& gradients) {
    const variable_list saved = ctx->get_saved_variables();
    const Normalisation norm = kept(ctx, saved);
    const at::Tensor y = value(saved[0], norm);
    const ConvGradients conv = convolution_gradients(
        gradients[0], y, saved[5], ctx->saved_data["stride"].toInt(), ctx->saved_data["padding"].toInt(),
        static_cast<ConvAlgorithm>(ctx->saved_data["algorithm"].toInt()), true);
    const NormGradients out = batch_norm_gradients(norm, saved[0], y, conv.x, false);
    return {out.x, out.scale, norm.shift.defined() ? out.shift : at::Tensor(), {}, {}, {}, {}, conv.kernel,
            {},    {}};
  }
};

struct NormPoolNode : public torch::autograd::Function<NormPoolNode> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, const at::Tensor& scale,
                            const MaybeTensor& shift, const at::Tensor& mean, const at::Tensor& rstd,
                            int64_t count, int64_t group, int64_t convention) {
    const at::Tensor b = shift.value_or(at::Tensor());
    ctx->save_for_backward({x, scale, b, mean, rstd});
    keep(ctx, count, group);
    ctx->saved_data["convention"] = convention;
    return stem_pool(value(x, {scale, b, mean, rstd}), static_cast<Convention>(convention));
  }

  static variable_list backward(AutogradContext* ctx, const variable_list& gradients) {
    const variable_list saved = ctx->get_saved_variables();
    const Normalisation norm = kept(ctx, saved);
    const at::Tensor y = value(saved[0], norm).requires_grad_(true);
    at::Tensor dy;
    {
      const at::AutoGradMode with_gradient(true);
      const auto convention = static_cast<Convention>(ctx->saved_data["convention"].toInt());
      dy = torch::autograd::grad({stem_pool(y, convention)}, {y}, {gradients[0]})[0];
    }
    const NormGradients out = batch_norm_gradients(norm, saved[0], y.detach(), dy, false);
    return {out.x, out.scale, norm.shift.defined() ? out.shift : at::Tensor(), {}, {}, {}, {}, {}};
  }
};

MaybeTensor maybe(const at::Tensor& x) { return x.defined() ? MaybeTensor(x) : MaybeTensor(); }

}  // namespace

at::Tensor norm_relu_conv(const Context& context, const BatchNorm& norm, const Conv& layer,
                          const at::Tensor& x) {
  const at::Tensor& kernel = context.weights[layer.kernel];
  const bool strided_point =
      kernel.size(2) == 1 && layer.stride > 1;  // convolution.cc: LibTorch's to differentiate
  if (context.exact_sums || strided_point || kernel.scalar_type() != x.scalar_type())
    return conv(context, layer, batch_norm(context, norm, x, true));
  const Normalisation n = normalisation(context, norm, x);
  return NormConvolutionNode::apply(x, n.scale, maybe(n.shift), n.mean, n.rstd, n.count,
                                    reinterpret_cast<int64_t>(n.group), kernel, layer.stride, layer.padding);
}

at::Tensor norm_relu_pool(const Context& context, const BatchNorm& norm, Convention convention,
                          const at::Tensor& x) {
  const Normalisation n = normalisation(context, norm, x);
  return NormPoolNode::apply(x, n.scale, maybe(n.shift), n.mean, n.rstd, n.count,
                             reinterpret_cast<int64_t>(n.group), static_cast<int64_t>(convention));
}

}  // namespace simclr
