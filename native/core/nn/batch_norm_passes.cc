#include "core/nn/batch_norm_passes.h"

#include <ATen/Dispatch.h>

#include <array>

#include "core/device_kernels.h"
#include "core/nn/batch_norm_kernels.h"

namespace simclr {
namespace {

bool in_rows(const at::Tensor& x) {
  return x.dim() == 2 ? x.is_contiguous() : x.dim() == 4 && x.is_contiguous(at::MemoryFormat::ChannelsLast);
}

/// Whether the fused kernels can read `x`: CPU memory of [rows, channels].
bool fused(const at::Tensor& x) {
  const auto type = x.scalar_type();
  return x.device().is_cpu() && in_rows(x) && x.numel() > 0 &&
         (type == at::kFloat || type == at::kDouble || type == at::kBFloat16);
}

/// The device's own kernels if they take x; null otherwise.
const BatchNormKernels* kernels_for(const at::Tensor& x) {
  const DeviceKernels* device = x.device().is_cpu() ? nullptr : device_kernels(x.device());
  return device != nullptr && device->batch_norm().takes(x) ? &device->batch_norm() : nullptr;
}

at::Tensor like(const at::Tensor& value, const at::Tensor& x) {
  if (!value.defined() || (value.scalar_type() == x.scalar_type() && in_rows(value))) return value;
  return value.to(x.scalar_type())
      .contiguous(x.dim() == 4 ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous);
}

template <class T>
const T* data(const at::Tensor& x) {
  return x.defined() ? x.const_data_ptr<T>() : nullptr;
}

at::ScalarType accumulator(const at::Tensor& x) {
  return x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
}

/// A per-channel coefficient in the kernels' accumulator type.
at::Tensor coefficient(const at::Tensor& value, const at::Tensor& x) {
  if (!value.defined()) return at::zeros({x.size(1)}, x.options().dtype(accumulator(x)));
  return value.to(accumulator(x)).contiguous();
}

// ---- the plain forms
// -----------------------------------------------------------------------------------------------

/// [C] shaped to broadcast over x.
at::Tensor channelwise(const at::Tensor& value, const at::Tensor& x) {
  const at::Tensor typed = value.to(accumulator(x));
  return x.dim() == 4 ? typed.view({1, -1, 1, 1}) : typed;
}

std::vector<int64_t> rows_of(const at::Tensor& x) {
  return x.dim() == 4 ? std::vector<int64_t>{0, 2, 3} : std::vector<int64_t>{0};
}

at::Tensor masked(const at::Tensor& dy, const at::Tensor& y, const at::Tensor& x) {
  const at::Tensor wide = dy.to(accumulator(x));
  return y.defined() ? at::where(y > 0, wide, at::zeros({}, wide.options())) : wide;
}

}  // namespace

std::pair<at::Tensor, at::Tensor> local_moments(const at::Tensor& x) {
  if (const BatchNormKernels* kernels = kernels_for(x)) return kernels->moments(x);
  if (!fused(x)) {
    const at::Tensor wide = x.to(accumulator(x));
    const at::Tensor mean = wide.mean(rows_of(x));
    const at::Tensor m2 = (wide - channelwise(mean, x)).square_().sum(rows_of(x));
    return {mean.to(at::kDouble), m2.to(at::kDouble)};
  }
  const int64_t channels = x.size(1);
  at::Tensor mean = at::empty({channels}, x.options().dtype(at::kDouble)), m2 = at::empty_like(mean);
  AT_DISPATCH_FLOATING_TYPES_AND(at::kBFloat16, x.scalar_type(), "batch_norm_moments", [&] {
    batch_norm_moments<scalar_t>(data<scalar_t>(x), x.numel() / channels, channels,
                                 mean.mutable_data_ptr<double>(), m2.mutable_data_ptr<double>());
  });
  return {mean, m2};
}

at::Tensor settle(const at::Tensor& x, const at::Tensor& mean, const at::Tensor& m2, const at::Tensor& count,
                  const RunningStatistics* running) {
  if (const BatchNormKernels* kernels = kernels_for(x)) return kernels->settle(mean, m2, count, running);
  const at::Tensor var = m2 / count;
  if (running != nullptr) {
    at::Tensor running_mean = running->mean, running_var = running->var, batches = running->batches;
    running_mean.lerp_(mean.to(running_mean.scalar_type()), kBatchNormMomentum);
    const at::Tensor estimate = running->unbiased ? var * (count / (count - 1).clamp_min(1)) : var;
    running_var.lerp_(estimate.to(running_var.scalar_type()), kBatchNormMomentum);
    batches.add_(1);
  }
  return (var + kBatchNormEpsilon).rsqrt();
}

at::Tensor normalise(const at::Tensor& x, const at::Tensor& residual, const Normalisation& norm, bool relu) {
  if (const BatchNormKernels* kernels = kernels_for(x)) return kernels->normalise(x, residual, norm, relu);
  const at::Tensor a = norm.scale * norm.rstd, &mean = norm.mean, &shift = norm.shift;
  if (!fused(x)) {
    at::Tensor y = (x.to(accumulator(x)) - channelwise(mean, x)) * channelwise(a, x);
    if (shift.defined()) y = y + channelwise(shift, x);
    if (residual.defined()) y = y + residual;
    return (relu ? y.relu_() : y).to(x.scalar_type());
  }
  at::Tensor y = at::empty_like(x);
  const at::Tensor add = like(residual, x), wide_a = coefficient(a, x), wide_b = coefficient(shift, x);
  const at::Tensor wide_mean = coefficient(mean, x);
  const int64_t channels = x.size(1);
  AT_DISPATCH_FLOATING_TYPES_AND(at::kBFloat16, x.scalar_type(), "batch_norm_apply", [&] {
    using A = Acc<scalar_t>;
    batch_norm_apply<scalar_t>(data<scalar_t>(x), data<scalar_t>(add), data<A>(wide_mean), data<A>(wide_a),
                               data<A>(wide_b), relu, y.mutable_data_ptr<scalar_t>(), x.numel() / channels,
                               channels);
  });
  return y;
}

at::Tensor gradient_sums(const at::Tensor& dy, const at::Tensor& y, const at::Tensor& x,
                         const at::Tensor& mean) {
  if (const BatchNormKernels* kernels = kernels_for(x)) return kernels->gradient_sums(dy, y, x, mean);
  if (!fused(x)) {
    const at::Tensor g = masked(dy, y, x);
    const at::Tensor centred = x.to(accumulator(x)) - channelwise(mean, x);
    return at::stack({g.sum(rows_of(x)), (g * centred).sum(rows_of(x))}).to(at::kDouble);
  }
  const int64_t channels = x.size(1);
  at::Tensor sums =
      at::empty({2, channels}, x.options().dtype(at::kDouble).memory_format(at::MemoryFormat::Contiguous));
  auto* out = sums.mutable_data_ptr<double>();
  const at::Tensor gradient = like(dy, x), wide_mean = coefficient(mean, x);
  AT_DISPATCH_FLOATING_TYPES_AND(at::kBFloat16, x.scalar_type(), "batch_norm_backward_sums", [&] {
    batch_norm_backward_sums<scalar_t>(data<scalar_t>(gradient), data<scalar_t>(y), data<scalar_t>(x),
                                       data<Acc<scalar_t>>(wide_mean), x.numel() / channels, channels, out,
                                       out + channels);
  });
  return sums;
}

InputGradients input_gradients(const at::Tensor& dy, const at::Tensor& y, const at::Tensor& x,
                               const Normalisation& norm, const at::Tensor& sums, bool residual) {
  if (const BatchNormKernels* kernels = kernels_for(x))
    return kernels->input_gradients(dy, y, x, norm, sums, residual);
  const at::Tensor &mean = norm.mean, scale = norm.scale * norm.rstd;
  at::Tensor slope, offset;  // of dx = g scale rstd + (x - mean) slope + offset
  if (sums.defined()) {
    const at::Tensor means = sums / norm.count;
    slope = -norm.scale * norm.rstd.pow(3) * means[1];
    offset = -norm.scale * norm.rstd * means[0];
  }
  if (!fused(x)) {
    const at::Tensor g = masked(dy, y, x);
    at::Tensor dx = g * channelwise(scale, x);
    if (slope.defined())
      dx =
          dx + (x.to(accumulator(x)) - channelwise(mean, x)) * channelwise(slope, x) + channelwise(offset, x);
    return {dx.to(x.scalar_type()), residual ? g.to(x.scalar_type()) : at::Tensor()};
  }
  InputGradients out{at::empty_like(x), residual ? at::empty_like(x) : at::Tensor()};
  const at::Tensor gradient = like(dy, x);
  const at::Tensor a = coefficient(scale, x), p = coefficient(slope, x), q = coefficient(offset, x),
                   m = coefficient(mean, x);
  const int64_t channels = x.size(1);
  AT_DISPATCH_FLOATING_TYPES_AND(at::kBFloat16, x.scalar_type(), "batch_norm_backward_input", [&] {
    using A = Acc<scalar_t>;
    batch_norm_backward_input<scalar_t>(
        data<scalar_t>(gradient), data<scalar_t>(y), data<scalar_t>(x), data<A>(m), data<A>(a), data<A>(p),
        data<A>(q), out.x.mutable_data_ptr<scalar_t>(),
        residual ? out.residual.mutable_data_ptr<scalar_t>() : nullptr, x.numel() / channels, channels);
  });
  return out;
}

ParameterGradients parameter_gradients(const at::Tensor& x, const Normalisation& norm,
                                       const at::Tensor& sums) {
  if (const BatchNormKernels* kernels = kernels_for(x)) return kernels->parameter_gradients(norm, sums);
  const auto type = norm.scale.scalar_type();
  return {(sums[1] * norm.rstd).to(type), sums[0].to(type)};
}

}  // namespace simclr
