#include "cuda/loss/contrast.h"

#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include "core/kernel_calls.h"
#include "cuda/check.h"
#include "cuda/loss/contrast_kernels.h"
#include "cuda/loss/normalize_kernels.h"

namespace simclr::cuda {

bool takes_contrast(const at::Tensor& z, at::ScalarType encoder, const ContrastOptions& options) {
  return options.views == 2 && z.scalar_type() == at::kFloat &&
         (encoder == at::kBFloat16 || encoder == at::kHalf) && options.unit_length &&
         contrast_padding(z.size(1)) > 0 && options.temperature >= kContrastTemperature;
}

std::pair<at::Tensor, at::Tensor> unit_rows(const at::Tensor& z, double smallest) {
  const c10::cuda::CUDAGuard guard(z.device());
  const at::Tensor rows = z.contiguous();
  const at::Tensor unit = at::empty_like(rows), norms = at::empty({rows.size(0), 1}, rows.options());
  check(unit_rows(rows.const_data_ptr<float>(), rows.size(0), static_cast<int>(rows.size(1)),
                  static_cast<float>(smallest), unit.data_ptr<float>(), norms.data_ptr<float>(),
                  c10::cuda::getCurrentCUDAStream()));
  return {unit, norms};
}

void unit_rows_backward(at::Tensor& gradient, const at::Tensor& unit, const at::Tensor& norms,
                        double smallest) {
  const c10::cuda::CUDAGuard guard(gradient.device());
  check(unit_rows_backward(unit.const_data_ptr<float>(), norms.const_data_ptr<float>(), unit.size(0),
                           static_cast<int>(unit.size(1)), static_cast<float>(smallest),
                           gradient.data_ptr<float>(), c10::cuda::getCurrentCUDAStream()));
}

ContrastResult contrast(const at::Tensor& z, int64_t count, const at::Tensor& first,
                        const ContrastOptions& options, Group& group) {
  count_call(KernelKind::kContrast);
  const c10::cuda::CUDAGuard guard(z.device());
  const cudaStream_t stream = c10::cuda::getCurrentCUDAStream();
  const at::Tensor exact = z.contiguous();
  const int64_t rows = z.size(0), dim = z.size(1), images = rows / 2;
  const int padding = contrast_padding(dim);
  const at::Tensor halves = at::empty({rows, padding}, z.options().dtype(at::kHalf));
  auto* const half_rows = static_cast<Half*>(halves.data_ptr());
  check(contrast_halves(exact.const_data_ptr<float>(), rows, dim, padding, half_rows, stream));

  const ContrastSizes sizes{images, count, first.const_data_ptr<int64_t>(), padding,
                            static_cast<float>(options.temperature)};
  // By row: loss, hit, entropy, 1 / r, 1 - P. Hits and entropies are of first views; zeros stay for the
  // others.
  const at::Tensor sums = at::zeros({5, 2 * count}, z.options());
  const auto row = [&](int64_t which) { return sums.data_ptr<float>() + which * 2 * count; };
  check(contrast_sums(half_rows, sizes, {row(0), row(1), row(2), row(3), row(4)}, stream));
  ContrastResult result;
  result.totals = sums.narrow(0, 0, 3).sum(1);
  if (!options.gradient) return result;

  // Of the others' rows only 1 / r is needed. One row an image, as z was gathered.
  at::Tensor inverse = sums.select(0, 3);
  if (group.size() > 1) {
    const at::Tensor all = group.gather_images(inverse.view({2, count}).t().contiguous()).rows;
    inverse = all.t().contiguous().view({-1});
  }
  result.gradient = at::empty({2 * count, dim}, z.options());
  check(contrast_gradient(half_rows, exact.const_data_ptr<float>(), static_cast<int>(dim), sizes,
                          inverse.const_data_ptr<float>(), row(4), result.gradient.data_ptr<float>(),
                          stream));
  return result;
}

}  // namespace simclr::cuda
