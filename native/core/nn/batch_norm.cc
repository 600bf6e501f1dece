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

/// Normalise, scale, shift, add, clip as one node. `group` is null where mean and rstd do not depend on x.
struct BatchNormNode : public torch::autograd::Function<BatchNormNode> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, const at::Tensor& scale,
                            const MaybeTensor& shift, const MaybeTensor& residual, const at::Tensor& mean,
                            const at::Tensor& rstd, bool relu, int64_t count, int64_t group) {
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
    const at::Tensor &x = saved[0], &scale = saved[1], &mean = saved[2], &rstd = saved[3], &y = saved[4];
    const at::Tensor dy = gradients[0];
    auto* group = reinterpret_cast<Group*>(ctx->saved_data["group"].toInt());
    const GradientSums local = gradient_sums(dy, y, x, mean);
    at::Tensor slope, offset;  // of dx = g * scale * rstd + (x - mean) * slope + offset
    if (group != nullptr) {
      // dx = scale rstd (g - mean(g) - xhat mean(g xhat)): the two means are over the whole group's batch.
      const at::Tensor sums = group->all_reduce_sum(at::stack({local.g, local.gx})) /
                              static_cast<double>(ctx->saved_data["count"].toInt());
      slope = -scale * rstd.pow(3) * sums[1];
      offset = -scale * rstd * sums[0];
    }
    const InputGradients input =
        input_gradients(dy, y, x, mean, scale * rstd, slope, offset, ctx->saved_data["residual"].toBool());
    // The parameters' gradients stay local: they are summed over the group with all the others.
    const at::Tensor d_scale = (local.gx * rstd).to(scale.scalar_type());
    const at::Tensor d_shift =
        ctx->saved_data["shift"].toBool() ? local.g.to(scale.scalar_type()) : at::Tensor();
    return {input.x, d_scale, d_shift, input.residual, {}, {}, {}, {}, {}};
  }
};

/// Mean, variance (biased) and count of the whole group's batch, double.
struct Moments {
  at::Tensor mean, var;
  int64_t count;
};

Moments global_moments(const at::Tensor& x, Group& group) {
  const int64_t rows = x.numel() / x.size(1);
  const auto [mean, m2] = local_moments(x);
  if (group.size() == 1) return {mean, m2 / static_cast<double>(rows), rows};
  const at::Tensor count = at::full({1}, static_cast<double>(rows), mean.options());
  const at::Tensor all = group.all_gather(at::cat({count, mean, m2}));
  const int64_t channels = x.size(1);
  const at::Tensor counts = all.narrow(1, 0, 1), means = all.narrow(1, 1, channels);
  const at::Tensor total = counts.sum();
  const at::Tensor center = (means * counts).sum(0) / total;
  const at::Tensor spread =
      all.narrow(1, 1 + channels, channels).sum(0) + ((means - center).square() * counts).sum(0);
  // Members' row counts are known only here; on a GPU this reads one number back.
  return {center, spread / total,
          all.is_meta() ? rows * group.size() : static_cast<int64_t>(total.item<double>())};
}

void track(const Context& context, const BatchNorm& layer, const Moments& batch) {
  const double n = static_cast<double>(batch.count);
  const double correction = layer.unbiased_running && batch.count > 1 ? n / (n - 1) : 1.0;
  at::Tensor& mean = context.buffers[layer.running_mean];
  at::Tensor& var = context.buffers[layer.running_var];
  mean.lerp_(batch.mean.to(mean.scalar_type()), kMomentum);
  var.lerp_((batch.var * correction).to(var.scalar_type()), kMomentum);
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

at::Tensor batch_norm(const Context& context, const BatchNorm& layer, const at::Tensor& x, bool relu,
                      const std::optional<at::Tensor>& residual) {
  const at::Tensor& scale = context.weights[layer.scale];
  const MaybeTensor shift = layer.shift < 0 ? MaybeTensor() : context.weights[layer.shift];
  at::Tensor mean, var;
  int64_t count = 0;
  if (context.training) {
    const at::NoGradGuard no_grad;
    const Moments batch = global_moments(x.detach(), context.group);
    if (context.track) track(context, layer, batch);
    mean = batch.mean;
    var = batch.var;
    count = batch.count;
  } else {
    mean = context.buffers[layer.running_mean];
    var = context.buffers[layer.running_var];
  }
  const at::Tensor rstd = (var.to(at::kDouble) + kEpsilon).rsqrt();
  const int64_t group = context.training ? reinterpret_cast<int64_t>(&context.group) : 0;
  return BatchNormNode::apply(x, scale, shift, residual, mean.to(at::kDouble), rstd, relu, count, group);
}

}  // namespace simclr
