#include "core/nn/convolution_patches.h"

#include <ATen/Dispatch.h>
#include <ATen/OpMathType.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cstring>
#include <vector>

namespace simclr {
namespace {

/// Calls work(output pixel, input pixel or -1 outside the image, tap) for every output pixel and tap, tap by
/// tap.
template <class Work>
void for_taps(const ConvGeometry& g, int64_t out_pixel, Work work) {
  const int64_t top = out_pixel / g.out_width * g.stride - g.padding;
  const int64_t left = out_pixel % g.out_width * g.stride - g.padding;
  for (int64_t ky = 0; ky < g.size; ++ky) {
    for (int64_t kx = 0; kx < g.size; ++kx) {
      const int64_t y = top + ky, x = left + kx;
      const bool inside = y >= 0 && y < g.in_height && x >= 0 && x < g.in_width;
      work(inside ? y * g.in_width + x : -1, ky * g.size + kx);
    }
  }
}

/// fp32 for everything but double.
at::ScalarType wide(at::ScalarType type) { return type == at::kDouble ? at::kDouble : at::kFloat; }

}  // namespace

at::Tensor expand_kernel(const at::Tensor& kernel, const ConvGeometry& g) {
  const at::Tensor source = kernel.contiguous(at::MemoryFormat::ChannelsLast);
  const int64_t in = g.in_channels, out = g.out_channels, row = g.in_pixels() * in;
  // Without padding gaps every value is written below.
  at::Tensor matrix = at::zeros({g.out_pixels() * out, row}, kernel.options());
  const size_t pixel_bytes = in * kernel.element_size();
  const auto* from = static_cast<const char*>(source.const_data_ptr());
  auto* to = static_cast<char*>(matrix.mutable_data_ptr());
  at::parallel_for(0, g.out_pixels() * out, 64, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const int64_t pixel = r / out, channel = r % out;
      for_taps(g, pixel, [&](int64_t input, int64_t tap) {
        if (input < 0) return;
        std::memcpy(to + (r * g.in_pixels() + input) * pixel_bytes,
                    from + (channel * g.taps() + tap) * pixel_bytes, pixel_bytes);
      });
    }
  });
  return matrix;
}

at::Tensor collapse_kernel(const at::Tensor& gradient, const ConvGeometry& g) {
  const int64_t in = g.in_channels, out = g.out_channels;
  at::Tensor kernel =
      at::empty({out, in, g.size, g.size}, gradient.options(), at::MemoryFormat::ChannelsLast);
  AT_DISPATCH_FLOATING_TYPES_AND(at::kBFloat16, gradient.scalar_type(), "collapse_kernel", [&] {
    using Wide = at::opmath_type<scalar_t>;
    const auto* from = gradient.const_data_ptr<scalar_t>();
    auto* to = kernel.mutable_data_ptr<scalar_t>();
    at::parallel_for(0, out, 8, [&](int64_t begin, int64_t end) {
      std::vector<Wide> sums(g.taps() * in);
      for (int64_t channel = begin; channel < end; ++channel) {
        std::fill(sums.begin(), sums.end(), Wide(0));
        for (int64_t pixel = 0; pixel < g.out_pixels(); ++pixel) {
          const scalar_t* row = from + (pixel * out + channel) * g.in_pixels() * in;
          for_taps(g, pixel, [&](int64_t input, int64_t tap) {
            if (input < 0) return;
            const scalar_t* __restrict values = row + input * in;
            Wide* __restrict sum = sums.data() + tap * in;
            for (int64_t i = 0; i < in; ++i) sum[i] += static_cast<Wide>(values[i]);
          });
        }
        std::copy(sums.begin(), sums.end(), to + channel * g.taps() * in);
      }
    });
  });
  return kernel;
}

void gather_patches(const at::Tensor& x, const ConvGeometry& g, int64_t first, int64_t count,
                    at::Tensor& patches) {
  const size_t pixel_bytes = g.in_channels * x.element_size();
  const auto* from = static_cast<const char*>(x.const_data_ptr()) + first * g.in_pixels() * pixel_bytes;
  auto* to = static_cast<char*>(patches.mutable_data_ptr());
  at::parallel_for(0, count * g.out_pixels(), 64, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const char* image = from + r / g.out_pixels() * g.in_pixels() * pixel_bytes;
      char* row = to + r * g.taps() * pixel_bytes;
      for_taps(g, r % g.out_pixels(), [&](int64_t input, int64_t tap) {
        if (input < 0) {
          std::memset(row + tap * pixel_bytes, 0, pixel_bytes);
        } else {
          std::memcpy(row + tap * pixel_bytes, image + input * pixel_bytes, pixel_bytes);
        }
      });
    }
  });
}

void scatter_patches(const at::Tensor& patches, const ConvGeometry& g, int64_t first, int64_t count,
                     at::Tensor& x) {
  TORCH_CHECK(x.scalar_type() == wide(patches.scalar_type()), "patches are added up in fp32 or fp64");
  AT_DISPATCH_FLOATING_TYPES_AND(at::kBFloat16, patches.scalar_type(), "scatter_patches", [&] {
    using Wide = at::opmath_type<scalar_t>;
    const auto* from = patches.const_data_ptr<scalar_t>();
    auto* to = x.mutable_data_ptr<Wide>() + first * g.in_pixels() * g.in_channels;
    // Patches of one image overlap; images do not.
    at::parallel_for(0, count, 1, [&](int64_t begin, int64_t end) {
      for (int64_t r = begin * g.out_pixels(); r < end * g.out_pixels(); ++r) {
        const scalar_t* row = from + r * g.taps() * g.in_channels;
        Wide* image = to + r / g.out_pixels() * g.in_pixels() * g.in_channels;
        for_taps(g, r % g.out_pixels(), [&](int64_t input, int64_t tap) {
          if (input < 0) return;
          const scalar_t* __restrict values = row + tap * g.in_channels;
          Wide* __restrict sum = image + input * g.in_channels;
          for (int64_t i = 0; i < g.in_channels; ++i) sum[i] += static_cast<Wide>(values[i]);
        });
      }
    });
  });
}

}  // namespace simclr
