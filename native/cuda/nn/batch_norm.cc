#include "cuda/nn/batch_norm.h"

#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

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

/// A coefficient of each channel; zeros where it is undefined.
at::Tensor coefficient(const at::Tensor& value, const at::Tensor& x) {
  if (!value.defined()) return at::zeros({x.size(1)}, x.options().dtype(at::kFloat));
  return value.to(at::kFloat).contiguous();
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

at::Tensor BatchNormOnCuda::normalise(const at::Tensor& x, const at::Tensor& residual, const at::Tensor& mean,
                                      const at::Tensor& scale, const at::Tensor& shift, bool relu) const {
  const at::Tensor y = at::empty_like(x), add = like(residual, x);
  const at::Tensor m = coefficient(mean, x), a = coefficient(scale, x), b = coefficient(shift, x);
  dispatch(x, [&](auto element) {
    using T = decltype(element);
    return batch_norm_apply<T>(data<T>(x), data<T>(add), data<float>(m), data<float>(a), data<float>(b), relu,
                               data<T>(y), rows_of(x), x.size(1), stream());
  });
  return y;
}

GradientSums BatchNormOnCuda::gradient_sums(const at::Tensor& dy, const at::Tensor& y, const at::Tensor& x,
                                            const at::Tensor& mean) const {
  const int64_t channels = x.size(1), rows = rows_of(x);
  const at::Tensor gradient = like(dy, x), m = coefficient(mean, x);
  const at::Tensor g = doubles(channels, x), gx = doubles(channels, x);
  const at::Tensor scratch =
      doubles(batch_norm_scratch(rows, channels, static_cast<int>(x.element_size())), x);
  dispatch(x, [&](auto element) {
    using T = decltype(element);
    return batch_norm_sums<T>(data<T>(gradient), data<T>(y), data<T>(x), data<float>(m), rows, channels,
                              data<double>(scratch), data<double>(g), data<double>(gx), stream());
  });
  return {g, gx};
}

InputGradients BatchNormOnCuda::input_gradients(const at::Tensor& dy, const at::Tensor& y,
                                                const at::Tensor& x, const at::Tensor& mean,
                                                const at::Tensor& scale, const at::Tensor& slope,
                                                const at::Tensor& offset, bool residual) const {
  InputGradients out{at::empty_like(x), residual ? at::empty_like(x) : at::Tensor()};
  const at::Tensor gradient = like(dy, x);
  const at::Tensor m = coefficient(mean, x), a = coefficient(scale, x), p = coefficient(slope, x),
                   q = coefficient(offset, x);
  dispatch(x, [&](auto element) {
    using T = decltype(element);
    return batch_norm_input<T>(data<T>(gradient), data<T>(y), data<T>(x), data<float>(m), data<float>(a),
                               data<float>(p), data<float>(q), data<T>(out.x), data<T>(out.residual),
                               rows_of(x), x.size(1), stream());
  });
  return out;
}

}  // namespace simclr::cuda
