#include "core/nn/batch_norm.h"

#include <torch/csrc/autograd/custom_function.h>

namespace simclr {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;
using MaybeTensor = std::optional<at::Tensor>;

/// Normalise, scale, shift, add, clip as one node.
struct BatchNormNode : public torch::autograd::Function<BatchNormNode> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, const at::Tensor& scale,
                            const MaybeTensor& shift, const MaybeTensor& residual, const at::Tensor& mean,
                            const at::Tensor& rstd, bool relu, const at::Tensor& count, int64_t group) {
    const at::Tensor y = normalise(x, residual.value_or(at::Tensor()),
                                   {scale, shift.value_or(at::Tensor()), mean, rstd}, relu);
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

/// Mean, sum of squared deviations and count of the whole group's batch, double.
struct Moments {
  at::Tensor mean, m2, count;
};

at::Tensor number(int64_t value) { return at::scalar_tensor(value, at::kDouble); }

Moments global_moments(const at::Tensor& x, Group& group) {
  const int64_t rows = x.numel() / x.size(1);
  const auto [mean, m2] = local_moments(x);
  if (group.size() == 1) return {mean, m2, number(rows)};
  const at::Tensor count = at::full({1}, static_cast<double>(rows), mean.options());
  const at::Tensor all = group.all_gather(at::cat({count, mean, m2}));
  const int64_t channels = x.size(1);
  const at::Tensor counts = all.narrow(1, 0, 1), means = all.narrow(1, 1, channels);
  const at::Tensor total = counts.sum();
  const at::Tensor center = (means * counts).sum(0) / total;
  const at::Tensor spread =
      all.narrow(1, 1 + channels, channels).sum(0) + ((means - center).square() * counts).sum(0);
  // Members' row counts are known only here, and not read back.
  return {center, spread, total};
}

RunningStatistics running_statistics(const Context& context, const BatchNorm& layer) {
  return {context.buffers[layer.running_mean], context.buffers[layer.running_var],
          context.buffers[layer.batches], layer.unbiased_running};
}

}  // namespace

BatchNorm add_batch_norm(Parameters& parameters, const std::string& name, int64_t channels,
                         const BatchNormOptions& options) {
  BatchNorm layer;
  layer.unbiased_running = options.unbiased_running;
  layer.scale = parameters.add(name + ".weight", at::full({channels}, options.initial_scale, at::kFloat),
                               false, Exclusion::kAll);
  if (options.shift)
    layer.shift = parameters.add(name + ".bias", at::zeros({channels}, at::kFloat), false, Exclusion::kAll);
  layer.running_mean = parameters.add_buffer(name + ".running_mean", at::zeros({channels}, at::kFloat));
  layer.running_var = parameters.add_buffer(name + ".running_var", at::ones({channels}, at::kFloat));
  layer.batches = parameters.add_buffer(name + ".num_batches_tracked", at::zeros({}, at::kLong));
  return layer;
}

Normalisation normalisation(const Context& context, const BatchNorm& layer, const at::Tensor& x) {
  Normalisation norm;
  norm.scale = context.weights[layer.scale];
  if (layer.shift >= 0) norm.shift = context.weights[layer.shift];
  if (context.training) {
    const at::NoGradGuard no_grad;
    const at::Tensor batch = x.detach();
    const Moments moments = global_moments(batch, context.group);
    const RunningStatistics running = running_statistics(context, layer);
    norm.mean = moments.mean;
    norm.rstd = settle(batch, moments.mean, moments.m2, moments.count, context.track ? &running : nullptr);
    norm.count = moments.count;
    norm.group = &context.group;
  } else {
    norm.mean = context.buffers[layer.running_mean].to(at::kDouble);
    norm.count = number(0);  // of no use: means do not depend on the batch
    norm.rstd = (context.buffers[layer.running_var].to(at::kDouble) + kBatchNormEpsilon).rsqrt();
  }
  return norm;
}

NormBackward::NormBackward(Normalisation norm, const at::Tensor& x, const at::Tensor& y, const at::Tensor& dy)
    : norm_(std::move(norm)), x_(x), y_(y), dy_(dy) {
  own_sums_ = gradient_sums(dy_, y_, x_, norm_.mean);
  if (norm_.group != nullptr) sums_ = norm_.group->begin_sum(own_sums_);
}

NormGradients NormBackward::finish(bool residual) const {
  // The means in dx are over the whole group's batch.
  const InputGradients input = input_gradients(dy_, y_, x_, norm_, sums_ ? sums_() : at::Tensor(), residual);
  // The parameters' gradients stay local: they are summed over the group with all the others.
  const ParameterGradients parameters = parameter_gradients(x_, norm_, own_sums_);
  return {input.x, input.residual, parameters.scale, parameters.shift};
}

at::Tensor batch_norm(const Context& context, const BatchNorm& layer, const at::Tensor& x, bool relu,
                      const std::optional<at::Tensor>& residual) {
  const Normalisation norm = normalisation(context, layer, x);
  const MaybeTensor shift = norm.shift.defined() ? MaybeTensor(norm.shift) : MaybeTensor();
  return BatchNormNode::apply(x, norm.scale, shift, residual, norm.mean, norm.rstd, relu, norm.count,
                              reinterpret_cast<int64_t>(norm.group));
}

}  // namespace simclr
