#include "core/nn/recomputed_norm.h"

#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include "core/nn/convolution.h"

namespace simclr {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;
using MaybeTensor = std::optional<at::Tensor>;

// Products a value up to which a convolution's output is computed again: a pass over memory takes about as
// long.
constexpr int64_t kThin = 64;

/// What a node keeps of a Normalisation besides its tensors.
void keep(AutogradContext* ctx, const std::string& name, const Normalisation& norm) {
  ctx->saved_data[name + " count"] = norm.count;
  ctx->saved_data[name + " group"] = reinterpret_cast<int64_t>(norm.group);
}

/// It again; its tensors are scale, shift, mean and rstd from `first` on.
Normalisation kept(const AutogradContext* ctx, const std::string& name, const variable_list& saved,
                   size_t first) {
  return {saved[first],
          saved[first + 1],
          saved[first + 2],
          saved[first + 3],
          ctx->saved_data.at(name + " count").toTensor(),
          reinterpret_cast<Group*>(ctx->saved_data.at(name + " group").toInt())};
}

at::Tensor value(const at::Tensor& x, const Normalisation& norm) { return normalise(x, {}, norm, true); }

/// Undefined where there is no shift, as autograd wants it.
at::Tensor shift_gradient(const Normalisation& norm, const NormGradients& gradients) {
  return norm.shift.defined() ? gradients.shift : at::Tensor();
}

struct NormConvolutionNode : public torch::autograd::Function<NormConvolutionNode> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, const at::Tensor& scale,
                            const MaybeTensor& shift, const Normalisation& norm, const at::Tensor& kernel,
                            int64_t stride, int64_t padding) {
    const at::Tensor y = value(x, norm);
    const ConvAlgorithm algorithm = choose_algorithm(conv_geometry(y, kernel, stride, padding), y);
    ctx->save_for_backward({x, kernel, scale, shift.value_or(at::Tensor()), norm.mean, norm.rstd});
    keep(ctx, "norm", norm);
    ctx->saved_data["stride"] = stride;
    ctx->saved_data["padding"] = padding;
    ctx->saved_data["algorithm"] = static_cast<int64_t>(algorithm);
    return convolve(y, kernel, stride, padding, algorithm);
  }

  static variable_list backward(AutogradContext* ctx, const variable_list& gradients) {
    const variable_list saved = ctx->get_saved_variables();
    const Normalisation norm = kept(ctx, "norm", saved, 2);
    const at::Tensor y = value(saved[0], norm);
    const ConvBackward conv(gradients[0], y, saved[1], ctx->saved_data["stride"].toInt(),
                            ctx->saved_data["padding"].toInt(),
                            static_cast<ConvAlgorithm>(ctx->saved_data["algorithm"].toInt()));
    // The kernel's gradient while others come to the norm's sums.
    const NormBackward back(norm, saved[0], y, conv.x_gradient());
    const at::Tensor dkernel = conv.kernel_gradient();
    const NormGradients out = back.finish(false);
    return {out.x, out.scale, shift_gradient(norm, out), {}, dkernel, {}, {}};
  }
};

struct NormPoolNode : public torch::autograd::Function<NormPoolNode> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, const at::Tensor& scale,
                            const MaybeTensor& shift, const Normalisation& norm, Convention convention) {
    ctx->save_for_backward({x, scale, shift.value_or(at::Tensor()), norm.mean, norm.rstd});
    keep(ctx, "norm", norm);
    ctx->saved_data["convention"] = static_cast<int64_t>(convention);
    return stem_pool(value(x, norm), convention);
  }

  static variable_list backward(AutogradContext* ctx, const variable_list& gradients) {
    const variable_list saved = ctx->get_saved_variables();
    const Normalisation norm = kept(ctx, "norm", saved, 1);
    const at::Tensor y = value(saved[0], norm).requires_grad_(true);
    at::Tensor dy;
    {
      const at::AutoGradMode with_gradient(true);
      const auto convention = static_cast<Convention>(ctx->saved_data["convention"].toInt());
      dy = torch::autograd::grad({stem_pool(y, convention)}, {y}, {gradients[0]})[0];
    }
    const NormGradients out = NormBackward(norm, saved[0], y.detach(), dy).finish(false);
    return {out.x, out.scale, shift_gradient(norm, out), {}, {}};
  }
};

/// For a 1x1 convolution.
ConvAlgorithm pointwise(const at::Tensor& x, const at::Tensor& kernel) {
  return choose_algorithm(conv_geometry(x, kernel, 1, 0), x);
}

/// act(norm(conv(v)) [+ residual]) of a thin convolution; v is `h`, or relu(before(h)) where `before` has a
/// scale.
struct ThinConvolutionNode : public torch::autograd::Function<ThinConvolutionNode> {
  /// `context` and `layer` are used here only.
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& h, const MaybeTensor& before_scale,
                            const MaybeTensor& before_shift, const Normalisation& before,
                            const at::Tensor& kernel, const at::Tensor& scale, const MaybeTensor& shift,
                            const MaybeTensor& residual, bool relu, const Context& context,
                            const BatchNorm& layer) {
    const at::Tensor v = before_scale ? value(h, before) : h;
    const at::Tensor x = convolve(v, kernel, 1, 0, pointwise(v, kernel));
    const Normalisation norm = normalisation(context, layer, x);
    const at::Tensor b = shift.value_or(at::Tensor());
    const at::Tensor y = normalise(x, residual.value_or(at::Tensor()), norm, relu);
    ctx->save_for_backward({h, kernel, relu ? y : at::Tensor(), before_scale.value_or(at::Tensor()),
                            before_shift.value_or(at::Tensor()), before.mean, before.rstd, scale, b,
                            norm.mean, norm.rstd});
    keep(ctx, "before", before);
    keep(ctx, "norm", norm);
    ctx->saved_data["residual"] = residual.has_value();
    return y;
  }

  static variable_list backward(AutogradContext* ctx, const variable_list& gradients) {
    const variable_list saved = ctx->get_saved_variables();
    const at::Tensor &h = saved[0], &kernel = saved[1], &y = saved[2];
    const Normalisation before = kept(ctx, "before", saved, 3), norm = kept(ctx, "norm", saved, 7);
    const at::Tensor v = before.scale.defined() ? value(h, before) : h;
    const NormGradients out =
        NormBackward(norm, convolve(v, kernel, 1, 0, pointwise(v, kernel)), y, gradients[0])
            .finish(ctx->saved_data["residual"].toBool());
    const ConvBackward conv(out.x, v, kernel, 1, 0, pointwise(v, kernel));
    const at::Tensor dv = conv.x_gradient();
    std::optional<NormBackward> back;
    if (before.scale.defined()) back.emplace(before, h, v, dv);
    const at::Tensor dkernel = conv.kernel_gradient();
    const NormGradients in = back ? back->finish(false) : NormGradients{dv, {}, {}, {}};
    return {in.x,
            in.scale,
            shift_gradient(before, in),
            {},
            dkernel,
            out.scale,
            shift_gradient(norm, out),
            out.residual,
            {},
            {},
            {}};
  }
};

MaybeTensor maybe(const at::Tensor& x) { return x.defined() ? MaybeTensor(x) : MaybeTensor(); }

bool thin(const Context& context, const Conv& layer, const at::Tensor& x) {
  const at::Tensor& kernel = context.weights[layer.kernel];
  return x.is_cpu() && !context.exact_sums && kernel.scalar_type() == x.scalar_type() &&
         kernel.size(2) == 1 && layer.stride == 1 && kernel.size(1) <= kThin;
}

}  // namespace

at::Tensor norm_relu_conv(const Context& context, const BatchNorm& norm, const Conv& layer,
                          const at::Tensor& x) {
  const at::Tensor& kernel = context.weights[layer.kernel];
  // Elsewhere the two passes cost more than the memory is worth.
  if (!x.is_cpu() || context.exact_sums || kernel.scalar_type() != x.scalar_type())
    return conv(context, layer, batch_norm(context, norm, x, true));
  const Normalisation n = normalisation(context, norm, x);
  return NormConvolutionNode::apply(x, n.scale, maybe(n.shift), n, kernel, layer.stride, layer.padding);
}

at::Tensor norm_relu_pool(const Context& context, const BatchNorm& norm, Convention convention,
                          const at::Tensor& x) {
  if (!x.is_cpu()) return stem_pool(batch_norm(context, norm, x, true), convention);
  const Normalisation n = normalisation(context, norm, x);
  return NormPoolNode::apply(x, n.scale, maybe(n.shift), n, convention);
}

at::Tensor conv_norm(const Context& context, const BatchNorm* before, const Conv& layer,
                     const BatchNorm& norm, const at::Tensor& h, bool relu, const MaybeTensor& residual) {
  if (!thin(context, layer, h)) {
    const at::Tensor x =
        before != nullptr ? norm_relu_conv(context, *before, layer, h) : conv(context, layer, h);
    return batch_norm(context, norm, x, relu, residual);
  }
  const Normalisation n = before != nullptr ? normalisation(context, *before, h) : Normalisation();
  const at::Tensor shift = norm.shift >= 0 ? context.weights[norm.shift] : at::Tensor();
  return ThinConvolutionNode::apply(h, maybe(n.scale), maybe(n.shift), n, context.weights[layer.kernel],
                                    context.weights[norm.scale], maybe(shift), residual, relu, context, norm);
}

}  // namespace simclr
