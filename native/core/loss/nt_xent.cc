#include "core/loss/nt_xent.h"

#include <torch/csrc/autograd/custom_function.h>

#include <string>
#include <tuple>

#include "core/device_kernels.h"
#include "core/error.h"
#include "core/loss/contrast.h"

namespace simclr {
namespace {

constexpr double kSmallestNorm = 1e-6;       // sqrt(1e-12), tf.math.l2_normalize
constexpr int64_t kValuesAtATime = 1 << 20;  // bounds temporaries

/// A scalar whose gradient with respect to `input` is known already.
class KnownGradient : public torch::autograd::Function<KnownGradient> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& input,
                            const at::Tensor& value, const at::Tensor& gradient) {
    context->save_for_backward({gradient});
    return value.clone();
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list outer) {
    return {context->get_saved_variables()[0] * outer[0], at::Tensor(), at::Tensor()};
  }
};

struct GlobalRows {
  at::Tensor z;   // [views images, dim]: all first views, all second views, ...
  int64_t first;  // own first image
};

GlobalRows gather(const at::Tensor& z, int64_t views, Group& group) {
  if (group.size() == 1) return {z, 0};
  // One row an image, so that members stay contiguous within each view.
  const BatchRows all = group.gather_images(at::cat(z.chunk(views, 0), 1));
  return {at::cat(all.rows.chunk(views, 1), 0), all.first};
}

/// From d loss / d (row / |row|) to d loss / d row, in place.
void normalize_backward_(at::Tensor& gradient, const at::Tensor& unit, const at::Tensor& norms) {
  const int64_t at_a_time = std::max<int64_t>(1, kValuesAtATime / std::max<int64_t>(1, gradient.size(1)));
  for (int64_t begin = 0; begin < gradient.size(0); begin += at_a_time) {
    const int64_t rows = std::min(at_a_time, gradient.size(0) - begin);
    at::Tensor g = gradient.narrow(0, begin, rows);
    const at::Tensor u = unit.narrow(0, begin, rows), norm = norms.narrow(0, begin, rows);
    at::Tensor along = (g * u).sum(1, /*keepdim=*/true);
    along.masked_fill_(norm.le(kSmallestNorm), 0);
    g.addcmul_(u, along, -1).div_(norm);
  }
}

NtXentOutput compute(const at::Tensor& rows, const NtXentOptions& options, Group& group, bool plain) {
  const auto type = rows.scalar_type();
  const at::Tensor z = type == at::kHalf || type == at::kBFloat16 ? rows.to(at::kFloat) : rows;
  const bool gradient = at::GradMode::is_enabled() && z.requires_grad();

  const at::NoGradGuard no_grad;
  const at::Tensor values = z.detach();
  const ContrastOptions contrast{options.temperature, options.normalize, gradient, options.views};
  const DeviceKernels* kernels = plain ? nullptr : device_kernels(values.device());
  if (kernels != nullptr && !kernels->takes_contrast(values, type, contrast)) kernels = nullptr;
  at::Tensor norms, unit = values;
  if (kernels != nullptr) {  // they take what is normalised
    std::tie(unit, norms) = kernels->unit_rows(values, kSmallestNorm);
  } else if (options.normalize) {
    norms = at::linalg_vector_norm(values, 2, {1}, /*keepdim=*/true).clamp_min_(kSmallestNorm);
    unit = values / norms;
  }
  const int64_t views = options.views;
  const GlobalRows global = gather(unit, views, group);
  const int64_t images = global.z.size(0) / views, count = unit.size(0) / views;

  ContrastResult result;
  const BatchPart part{images, global.first, count};
  if (!plain && unit.is_cpu()) {
    result = contrast_tiles(global.z, part, contrast, group);
  } else if (kernels != nullptr) {
    const at::Tensor first = at::full({}, global.first, unit.options().dtype(at::kLong));
    result = kernels->contrast(global.z, count, first, contrast, group);
  } else {
    result = contrast_strips(global.z, part, contrast, group);
  }

  const at::Tensor means = group.all_reduce_sum(result.totals) / static_cast<double>(images);
  NtXentOutput out{means[0] * (options.scale / static_cast<double>(views)), means[1], means[2]};
  if (!gradient) return out;
  result.gradient.mul_(options.scale / (views * images * options.temperature));
  if (kernels != nullptr) {
    kernels->unit_rows_backward(result.gradient, unit, norms, kSmallestNorm);
  } else if (options.normalize) {
    normalize_backward_(result.gradient, unit, norms);
  }
  const at::AutoGradMode with_grad(true);
  out.loss = KnownGradient::apply(z, out.loss, result.gradient);
  return out;
}

NtXentOutput checked(const at::Tensor& z, const NtXentOptions& options, Group& group, bool plain) {
  if (options.views < 2) {
    throw Error("ERR_SIMCLR_INVALID_ARGUMENT",
                "Expected at least 2 for `views` but received " + std::to_string(options.views) + ".");
  }
  if (z.dim() != 2 || z.size(0) == 0 || z.size(0) % options.views != 0 ||
      !at::isFloatingType(z.scalar_type())) {
    throw Error("ERR_SIMCLR_INVALID_ARGUMENT", "Expected floating-point rows [" +
                                                   std::to_string(options.views) +
                                                   " b, dim], b first views, then their b second views and "
                                                   "so on, for `z` but received a tensor of " +
                                                   std::to_string(z.dim()) + " dimensions and " +
                                                   std::to_string(z.dim() > 0 ? z.size(0) : 1) + " rows.");
  }
  if (!(options.temperature > 0)) {
    throw Error("ERR_SIMCLR_INVALID_ARGUMENT", "Expected a number above 0 for `temperature` but received " +
                                                   std::to_string(options.temperature) + ".");
  }
  return compute(z, options, group, plain);
}

}  // namespace

NtXentOutput nt_xent(const at::Tensor& z, const NtXentOptions& options, Group& group) {
  return checked(z, options, group, /*plain=*/false);
}

NtXentOutput nt_xent_plain(const at::Tensor& z, const NtXentOptions& options, Group& group) {
  return checked(z, options, group, /*plain=*/true);
}

}  // namespace simclr
