#include "core/nn/batch_norm.h"

#include <torch/csrc/autograd/custom_function.h>

#include "core/nn/batch_norm_passes.h"

namespace simclr {
namespace {

constexpr double kEpsilon = 1e-5;
constexpr double kMomentum = 0.1;  // tf2's decay 0.9

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;
using MaybeTensor = std::optional<at::Tensor>;

/// Normalise, scale, shift, add, clip as one node.
struct BatchNormNode : public torch::autograd::Function<BatchNormNode> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, const at::Tensor& scale,
                            const MaybeTensor& shift, const MaybeTensor& residual, const at::Tensor& mean,
                            const at::Tensor& rstd, bool relu, const at::Tensor& count, int64_t group) {
    const at::Tensor y =
        normalise(x, residual.value_or(at::Tensor()), mean, rstd, scale, shift.value_or(at::Tensor()), relu);
    ctx->save_for_backward({x, scale, mean, rstd, relu ? y : at::Tensor()});
    ctx->saved_data["count"] = count;
    ctx->saved_data["group"] = group;
    ctx->saved_data["shift"] = shift.has_value();
    ctx->saved_data["residual"] = residual.has_value();
    return y;
  }

  static variable_list backward(AutogradContext* ctx, const variable_list& gradients) {
    const variable_list saved = ctx->get_saved_variables();
    const Normalisation norm{saved[1],
                             {},
                             saved[2],
                             saved[3],
                             ctx->saved_data["count"].toTensor(),
                             reinterpret_cast<Group*>(ctx->saved_data["group"].toInt())};
    const NormGradients out =
        NormBackward(norm, saved[0], saved[4], gradients[0]).finish(ctx->saved_data["residual"].toBool());
    return {out.x,        out.scale, ctx->saved_data["shift"].toBool() ? out.shift : at::Tensor(),
            out.residual, {},        {},
            {},           {},        {}};
  }
};

/// Mean, variance (biased) and count of the whole group's batch, double.
struct Moments {
  at::Tensor mean, var, count;
};

at::Tensor number(int64_t value) { return at::scalar_tensor(value, at::kDouble); }

Moments global_moments(const at::Tensor& x, Group& group) {
  const int64_t rows = x.numel() / x.size(1);
  const auto [mean, m2] = local_moments(x);
  if (group.size() == 1) return {mean, m2 / static_cast<double>(rows), number(rows)};
  const at::Tensor count = at::full({1}, static_cast<double>(rows), mean.options());
  const at::Tensor all = group.all_gather(at::cat({count, mean, m2}));
  const int64_t channels = x.size(1);
  const at::Tensor counts = all.narrow(1, 0, 1), means = all.narrow(1, 1, channels);
  const at::Tensor total = counts.sum();
  const at::Tensor center = (means * counts).sum(0) / total;
  const at::Tensor spread =
      all.narrow(1, 1 + channels, channels).sum(0) + ((means - center).square() * counts).sum(0);
  // Members' row counts are known only here, and not read back.
  return {center, spread / total, total};
}

void track(const Context& context, const BatchNorm& layer, const Moments& batch) {
  at::Tensor& mean = context.buffers[layer.running_mean];
  at::Tensor& var = context.buffers[layer.running_var];
  mean.lerp_(batch.mean.to(mean.scalar_type()), kMomentum);
  const at::Tensor unbiased =
      layer.unbiased_running ? batch.var * (batch.count / (batch.count - 1).clamp_min(1)) : batch.var;
  var.lerp_(unbiased.to(var.scalar_type()), kMomentum);
  context.buffers[layer.batches].add_(1);
}

}  // namespace

BatchNorm add_batch_norm(Parameters& parameters, const std::string& name, int64_t channels,
                         const BatchNormOptions& options) {
  BatchNorm layer;
  layer.unbiased_running = options.unbiased_running;
  layer.scale =
      parameters.add(name + ".weight", at::full({channels}, options.initial_scale, at::kFloat), false, true);
  if (options.shift)
    layer.shift = parameters.add(name + ".bias", at::zeros({channels}, at::kFloat), false, true);
  layer.running_mean = parameters.add_buffer(name + ".running_mean", at::zeros({channels}, at::kFloat));
  layer.running_var = parameters.add_buffer(name + ".running_var", at::ones({channels}, at::kFloat));
  layer.batches = parameters.add_buffer(name + ".num_batches_tracked", at::zeros({}, at::kLong));
  return layer;
}

Normalisation normalisation(const Context& context, const BatchNorm& layer, const at::Tensor& x) {
  Normalisation norm;
  norm.scale = context.weights[layer.scale];
  if (layer.shift >= 0) norm.shift = context.weights[layer.shift];
  at::Tensor var;
  if (context.training) {
    const at::NoGradGuard no_grad;
    const Moments batch = global_moments(x.detach(), context.group);
    if (context.track) track(context, layer, batch);
    norm.mean = batch.mean;
    var = batch.var;
    norm.count = batch.count;
    norm.group = &context.group;
  } else {
    norm.mean = context.buffers[layer.running_mean].to(at::kDouble);
    norm.count = number(0);  // of no use: means do not depend on the batch
    var = context.buffers[layer.running_var];
  }
  norm.rstd = (var.to(at::kDouble) + kEpsilon).rsqrt();
  return norm;
}

NormBackward::NormBackward(Normalisation norm, const at::Tensor& x, const at::Tensor& y, const at::Tensor& dy)
    : norm_(std::move(norm)), x_(x), y_(y), dy_(dy) {
  const GradientSums local = gradient_sums(dy_, y_, x_, norm_.mean);
  sum_g_ = local.g;
  sum_gx_ = local.gx;
  if (norm_.group != nullptr) sums_ = norm_.group->begin_sum(at::stack({sum_g_, sum_gx_}));
}

NormGradients NormBackward::finish(bool residual) const {
  at::Tensor slope, offset;  // of dx = g * scale * rstd + (x - mean) * slope + offset
  if (sums_) {
    // dx = scale rstd (g - mean(g) - xhat mean(g xhat)): the two means are over the whole group's batch.
    const at::Tensor means = sums_() / norm_.count;
    slope = -norm_.scale * norm_.rstd.pow(3) * means[1];
    offset = -norm_.scale * norm_.rstd * means[0];
  }
  const InputGradients input =
      input_gradients(dy_, y_, x_, norm_.mean, norm_.scale * norm_.rstd, slope, offset, residual);
  // The parameters' gradients stay local: they are summed over the group with all the others.
  const auto type = norm_.scale.scalar_type();
  return {input.x, input.residual, (sum_gx_ * norm_.rstd).to(type), sum_g_.to(type)};
}

at::Tensor batch_norm(const Context& context, const BatchNorm& layer, const at::Tensor& x, bool relu,
                      const std::optional<at::Tensor>& residual) {
  const Normalisation norm = normalisation(context, layer, x);
  const MaybeTensor shift = norm.shift.defined() ? MaybeTensor(norm.shift) : MaybeTensor();
  return BatchNormNode::apply(x, norm.scale, shift, residual, norm.mean, norm.rstd, relu, norm.count,
                              reinterpret_cast<int64_t>(norm.group));
}

}  // namespace simclr
