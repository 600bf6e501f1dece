#include "cuda/nn/batch_norm.h"

#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include "core/kernel_calls.h"
#include "cuda/check.h"
#include "cuda/nn/batch_norm_kernels.h"

namespace simclr::cuda {
namespace {

/// Memory of [rows, channels].
bool in_rows(const at::Tensor& x) {
  return x.dim() == 2 ? x.is_contiguous() : x.dim() == 4 && x.is_contiguous(at::MemoryFormat::ChannelsLast);
}

/// Vectors of 16 bytes can be read from it; a view into another tensor may begin anywhere.
bool aligned(const at::Tensor& x) { return reinterpret_cast<uintptr_t>(x.const_data_ptr()) % 16 == 0; }

/// In x's type and layout; undefined stays.
at::Tensor like(const at::Tensor& value, const at::Tensor& x) {
  if (!value.defined()) return value;
  if (value.scalar_type() == x.scalar_type() && in_rows(value) && aligned(value)) return value;
  const auto layout = x.dim() == 4 ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous;
  return at::empty(x.sizes(), x.options(), layout).copy_(value);
}

at::Tensor doubles(int64_t count, const at::Tensor& x) {
  return at::empty({count}, x.options().dtype(at::kDouble).memory_format(at::MemoryFormat::Contiguous));
}

int64_t rows_of(const at::Tensor& x) { return x.numel() / x.size(1); }

template <class T>
T* data(const at::Tensor& x) {
  return x.defined() ? static_cast<T*>(x.data_ptr()) : nullptr;
}

/// Calls work(a value of the kernels' element type) on x's device, and checks what it returns.
template <class Work>
void dispatch(const at::Tensor& x, const Work& work) {
  const c10::cuda::CUDAGuard guard(x.device());
  switch (x.scalar_type()) {
    case at::kFloat:
      return check(work(float()));
    case at::kBFloat16:
      return check(work(Bf16()));
    default:
      return check(work(Half()));
  }
}

cudaStream_t stream() { return c10::cuda::getCurrentCUDAStream(); }

/// A layer's numbers where they lie: masters are float beside whatever the kernels compute in.
ChannelArrays arrays_of(const Normalisation& norm) {
  return {data<double>(norm.mean), data<double>(norm.rstd), data<float>(norm.scale), data<float>(norm.shift)};
}

RowCount row_count(const at::Tensor& count) {
  if (count.is_cpu()) return {count.item<double>(), nullptr};
  return {0, data<double>(count)};
}

}  // namespace

bool BatchNormOnCuda::takes(const at::Tensor& x) const {
  const auto type = x.scalar_type();
  return in_rows(x) && x.numel() > 0 && (type == at::kFloat || type == at::kBFloat16 || type == at::kHalf) &&
         aligned(x);
}

std::pair<at::Tensor, at::Tensor> BatchNormOnCuda::moments(const at::Tensor& x) const {
  const int64_t channels = x.size(1), rows = rows_of(x);
  const at::Tensor mean = doubles(channels, x), m2 = doubles(channels, x);
  const at::Tensor scratch =
      doubles(batch_norm_scratch(rows, channels, static_cast<int>(x.element_size())), x);
  dispatch(x, [&](auto element) {
    using T = decltype(element);
    return batch_norm_moments<T>(data<T>(x), rows, channels, data<double>(scratch), data<double>(mean),
                                 data<double>(m2), stream());
  });
  return {mean, m2};
}

at::Tensor BatchNormOnCuda::settle(const at::Tensor& mean, const at::Tensor& m2, const at::Tensor& count,
                                   const RunningStatistics* running) const {
  const c10::cuda::CUDAGuard guard(mean.device());
  const at::Tensor rstd = at::empty_like(mean);
  RunningArrays arrays{nullptr, nullptr, nullptr, kBatchNormMomentum, false};
  if (running != nullptr) {
    arrays.mean = data<float>(running->mean);
    arrays.var = data<float>(running->var);
    arrays.batches = data<int64_t>(running->batches);
    arrays.unbiased = running->unbiased;
  }
  check(batch_norm_settle(data<double>(mean), data<double>(m2), row_count(count), kBatchNormEpsilon, arrays,
                          mean.numel(), data<double>(rstd), stream()));
  return rstd;
}

at::Tensor BatchNormOnCuda::normalise(const at::Tensor& x, const at::Tensor& residual,
                                      const Normalisation& norm, bool relu) const {
  count_call(KernelKind::kBatchNorm);
  const at::Tensor y = at::empty_like(x), add = like(residual, x);
  dispatch(x, [&](auto element) {
    using T = decltype(element);
    return batch_norm_apply<T>(data<T>(x), data<T>(add), arrays_of(norm), relu, data<T>(y), rows_of(x),
                               x.size(1), stream());
  });
  return y;
}

at::Tensor BatchNormOnCuda::gradient_sums(const at::Tensor& dy, const at::Tensor& y, const at::Tensor& x,
                                          const at::Tensor& mean) const {
  const int64_t channels = x.size(1), rows = rows_of(x);
  const at::Tensor gradient = like(dy, x), sums = doubles(2 * channels, x).view({2, channels});
  const at::Tensor scratch =
      doubles(batch_norm_scratch(rows, channels, static_cast<int>(x.element_size())), x);
  dispatch(x, [&](auto element) {
    using T = decltype(element);
    return batch_norm_sums<T>(data<T>(gradient), data<T>(y), data<T>(x), data<double>(mean), rows, channels,
                              data<double>(scratch), data<double>(sums), stream());
  });
  return sums;
}

InputGradients BatchNormOnCuda::input_gradients(const at::Tensor& dy, const at::Tensor& y,
                                                const at::Tensor& x, const Normalisation& norm,
                                                const at::Tensor& sums, bool residual) const {
  InputGradients out{at::empty_like(x), residual ? at::empty_like(x) : at::Tensor()};
  const at::Tensor gradient = like(dy, x), all = sums.defined() ? sums.contiguous() : sums;
  dispatch(x, [&](auto element) {
    using T = decltype(element);
    return batch_norm_input<T>(data<T>(gradient), data<T>(y), data<T>(x), arrays_of(norm), data<double>(all),
                               row_count(norm.count), data<T>(out.x), data<T>(out.residual), rows_of(x),
                               x.size(1), stream());
  });
  return out;
}

ParameterGradients BatchNormOnCuda::parameter_gradients(const Normalisation& norm,
                                                        const at::Tensor& sums) const {
  const c10::cuda::CUDAGuard guard(sums.device());
  const ParameterGradients out{at::empty_like(norm.scale), at::empty_like(norm.scale)};
  check(batch_norm_parameters(data<double>(sums), data<double>(norm.rstd), norm.scale.numel(),
                              data<float>(out.scale), data<float>(out.shift), stream()));
  return out;
}

}  // namespace simclr::cuda
