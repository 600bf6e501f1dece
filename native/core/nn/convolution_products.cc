#include "core/nn/convolution_products.h"

#include <algorithm>

#include "core/nn/convolution_patches.h"

namespace simclr {
namespace {

// Bytes of gathered patches held at a time: what fits beside the kernel in a share of a third-level cache.
// Each product packs the kernel anew, so that a few large ones are better than many.
constexpr int64_t kPatchBytes = 4 << 20;

at::Tensor channels_last(const at::Tensor& x) { return x.contiguous(at::MemoryFormat::ChannelsLast); }

/// [N, C, H, W] channels_last seen as [N, H * W * C].
at::Tensor flat(const at::Tensor& x) {
  return channels_last(x).permute({0, 2, 3, 1}).reshape({x.size(0), -1});
}

/// [N, H * W * C] seen as [N, C, H, W] channels_last.
at::Tensor images(const at::Tensor& rows, int64_t height, int64_t width) {
  return rows.view({rows.size(0), height, width, -1}).permute({0, 3, 1, 2});
}

/// [N, C, H, W] channels_last seen as [N * H * W, C].
at::Tensor pixels(const at::Tensor& x) { return flat(x).view({-1, x.size(1)}); }

/// Kernel [O, I, k, k] seen as [O, k * k * I].
at::Tensor kernel_rows(const at::Tensor& kernel) { return flat(kernel); }

/// Calls work(first image, images, their patches of x) for a cacheful at a time.
template <class Work>
void for_patches(const at::Tensor& x, const ConvGeometry& g, Work work) {
  const int64_t row = g.taps() * g.in_channels;
  const int64_t bytes = g.out_pixels() * row * static_cast<int64_t>(x.element_size());
  const int64_t chunk = std::clamp<int64_t>(kPatchBytes / bytes, 1, g.images);
  at::Tensor buffer = at::empty({chunk * g.out_pixels(), row}, x.options());
  for (int64_t first = 0; first < g.images; first += chunk) {
    const int64_t count = std::min(chunk, g.images - first);
    at::Tensor patches = buffer.narrow(0, 0, count * g.out_pixels());
    gather_patches(x, g, first, count, patches);
    work(first, count, patches);
  }
}

}  // namespace

bool patches_are_pixels(const ConvGeometry& g) { return g.size == 1 && g.stride == 1 && g.padding == 0; }

at::Tensor dense_forward(const at::Tensor& x, const at::Tensor& kernel, const ConvGeometry& g) {
  return images(flat(x).mm(expand_kernel(kernel, g).t()), g.out_height, g.out_width);
}

at::Tensor dense_input_gradient(const at::Tensor& dy, const at::Tensor& kernel, const ConvGeometry& g) {
  return images(flat(dy).mm(expand_kernel(kernel, g)), g.in_height, g.in_width);
}

at::Tensor dense_kernel_gradient(const at::Tensor& dy, const at::Tensor& x, const ConvGeometry& g) {
  return collapse_kernel(flat(dy).t().mm(flat(x)), g);
}

at::Tensor unfold_forward(const at::Tensor& x, const at::Tensor& kernel, const ConvGeometry& g) {
  if (patches_are_pixels(g)) {
    const at::Tensor out = pixels(x).mm(kernel_rows(kernel).t());
    return images(out.view({g.images, -1}), g.out_height, g.out_width);
  }
  const at::Tensor out = at::empty({g.images * g.out_pixels(), g.out_channels}, x.options());
  const at::Tensor transposed = kernel_rows(kernel).t();
  for_patches(channels_last(x), g, [&](int64_t first, int64_t count, const at::Tensor& patches) {
    at::Tensor rows = out.narrow(0, first * g.out_pixels(), count * g.out_pixels());
    at::mm_out(rows, patches, transposed);
  });
  return images(out.view({g.images, -1}), g.out_height, g.out_width);
}

at::Tensor unfold_kernel_gradient(const at::Tensor& dy, const at::Tensor& x, const ConvGeometry& g) {
  const at::Tensor rows = pixels(dy);
  if (patches_are_pixels(g)) return images(rows.t().mm(pixels(x)), 1, 1);
  const auto type = x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  at::Tensor sum = at::zeros({g.out_channels, g.taps() * g.in_channels}, x.options().dtype(type));
  for_patches(channels_last(x), g, [&](int64_t first, int64_t count, const at::Tensor& patches) {
    sum.add_(rows.narrow(0, first * g.out_pixels(), count * g.out_pixels()).t().mm(patches));
  });
  return images(sum.to(x.scalar_type()), g.size, g.size);
}

at::Tensor unfold_input_gradient(const at::Tensor& dy, const at::Tensor& kernel, const ConvGeometry& g) {
  if (patches_are_pixels(g)) {
    return images(pixels(dy).mm(kernel_rows(kernel)).view({g.images, -1}), g.in_height, g.in_width);
  }
  if (g.stride == 1) {
    // The gradient is itself a convolution: of dy with the kernel turned by 180 degrees and its channels
    // exchanged.
    const at::Tensor turned = channels_last(kernel.flip({2, 3}).transpose(0, 1));
    return unfold_forward(dy, turned, conv_geometry(dy, turned, 1, g.size - 1 - g.padding));
  }
  const auto type = dy.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  at::Tensor dx = at::zeros({g.images, g.in_pixels() * g.in_channels}, dy.options().dtype(type));
  scatter_patches(pixels(dy).mm(kernel_rows(kernel)), g, 0, g.images, dx);
  return images(dx.to(dy.scalar_type()), g.in_height, g.in_width);
}

}  // namespace simclr
